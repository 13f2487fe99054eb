/*
 * refuse.c - runs a program for which a system call fails, or is its end:
 *   refuse CALL[,CALL...] EIO|ENOSPC|kill PROGRAM [ARGUMENT...]
 * A call that writes fails on descriptors above standard error only. `kill` ends the program at its first
 * such call, without a chance to clean up, as a kill -9 at that moment does.
 */
#include <errno.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool answer_of(const char *word, uint32_t *answer)
{
	if (strcmp(word, "kill") == 0)
		*answer = SCMP_ACT_KILL_PROCESS;
	else if (strcmp(word, "EIO") == 0)
		*answer = SCMP_ACT_ERRNO(EIO);
	else if (strcmp(word, "ENOSPC") == 0)
		*answer = SCMP_ACT_ERRNO(ENOSPC);
	else
		return false;
	return true;
}

static bool refuse(scmp_filter_ctx filter, uint32_t answer, const char *name)
{
	int call = seccomp_syscall_resolve_name(name);
	struct scmp_arg_cmp files = SCMP_A0(SCMP_CMP_GT, STDERR_FILENO, 0);
	if (call == __NR_SCMP_ERROR)
		return false;
	bool writes = strstr(name, "write") != NULL;
	return seccomp_rule_add_array(filter, answer, call, writes, &files) == 0;
}

int main(int argc, char **argv)
{
	uint32_t answer = 0;
	if (argc < 4 || !answer_of(argv[2], &answer)) {
		fprintf(stderr, "usage: refuse CALL[,CALL...] EIO|ENOSPC|kill PROGRAM...\n");
		return 126;
	}
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	bool good = filter != NULL;
	char *rest = NULL;
	for (char *name = strtok_r(argv[1], ",", &rest); good && name != NULL;
	     name = strtok_r(NULL, ",", &rest))
		good = refuse(filter, answer, name);
	if (!good || seccomp_load(filter) != 0) {
		fprintf(stderr, "refuse: no filter\n");
		return 126;
	}
	execv(argv[3], argv + 3);
	perror(argv[3]);
	return 127;
}
