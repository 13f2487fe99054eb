/*
 * main.c - davscope-keeper: what survives of `davscope monitor`, and what goes out to others.
 */
int main(void)
{
	return 2;
}
