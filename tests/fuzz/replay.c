/*
 * replay.c - feeds files to a fuzz target where there is no libFuzzer: replay DIRECTORY...
 * Without sanitizers a file may cost 100 ms and 16 MiB.
 */
#include "base/base.h"
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

enum { MILLISECONDS = 100, KIBIBYTES = 16 << 10, FILE_MAX = 2 << 20 };

static int64_t cpu_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The most this process ever had in memory. */
static long peak_kib(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static uint8_t *file_read(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	uint8_t *bytes = f != NULL ? malloc(FILE_MAX) : NULL;
	if (bytes != NULL) {
		*n = fread(bytes, 1, FILE_MAX, f);
		uint8_t *fitting = realloc(bytes, *n != 0 ? *n : 1);
		bytes = fitting != NULL ? fitting : bytes;
	}
	if (f != NULL)
		fclose(f);
	return bytes;
}

/* The name goes out first: after a crash it is the last line. */
static bool replay(const char *path)
{
	size_t n;
	uint8_t *bytes = file_read(path, &n);
	if (bytes == NULL) {
		printf("FAIL %s: cannot be read\n", path);
		return false;
	}
	printf("%s:", path);
	fflush(stdout);
	long memory = peak_kib();
	int64_t start = cpu_ms();
	LLVMFuzzerTestOneInput(bytes, n);
	int64_t took = cpu_ms() - start;
	memory = peak_kib() - memory;
	free(bytes);
	bool fine = SANITIZED || (took <= MILLISECONDS && memory <= KIBIBYTES);
	printf(" %d ms, %ld KiB%s\n", (int)took, memory, fine ? "" : ": FAIL");
	return fine;
}

static int not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	size_t passed = 0, failed = 0;
	for (int i = 1; i < argc; i++) {
		struct dirent **names;
		int n = scandir(argv[i], &names, not_hidden, alphasort);
		failed += n <= 0;
		for (int k = 0; k < n; k++) {
			char path[4096];
			snprintf(path, sizeof(path), "%s/%s", argv[i], names[k]->d_name);
			if (replay(path))
				passed++;
			else
				failed++;
			free(names[k]);
		}
		if (n >= 0)
			free(names);
	}
	printf("%zu passed, %zu failed\n", passed, failed);
	return failed != 0;
}
