/*
 * Damaged captures through the program under limits: no signal, a known exit code, bounded memory and time, nothing
 * for a terminal to obey, JSON that is JSON.
 * usage: hostile N SEED FILE...; prints "N passed, N failed". What fails is left in $BUILD/hostile.
 * SLOW: how many times slower the program may be; one of more than 1 may use any memory (sanitizers: 10).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/tool/clean.h"
#include "tests/tool/mutate.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SLOWNESS = 10 };
#else
enum { SLOWNESS = 1 };
#endif

enum {
	WORDS = 10,
	MIB = 1 << 20,
	INPUT_MAX = 1 << 18,
	RSS_MAX = 256 * MIB,
	CPU_LEAST = 2,
	CPU_MOST = 10
};

/* Ways to read a capture; @ is the damaged one, > a file to write. */
static const struct way {
	const char *words[WORDS];
	bool json;
} ways[] = {
	{ { "-T", "json", "-r", "@" }, true },
	{ { "--no-shipped-rules", "-T", "json", "--bodies", "-r", "@" }, true },
	{ { "--no-shipped-rules", "--bodies", "--explain", "-r", "@" }, false },
	{ { "--no-shipped-rules", "-k", "on", "-T", "json", "--workers", "2", "-r", "@" }, true },
	{ { "--no-shipped-rules", "-q", "-r", "@", "-w", ">" }, false },
	{ { "scrub", "@", "-o", ">" }, false },
	{ { "machine", "fit", "--format", "json", "@" }, false },
};

struct hostile {
	const char *program, *folder;
	char capture[512], slice[512], out[512], err[512];
	uint64_t slow;
	struct bytes input;
};

static void path_make(char path[512], const char *folder, const char *name)
{
	snprintf(path, 512, "%s/%ld.%s", folder, (long)getpid(), name);
}

static bool file_read(const char *path, struct bytes *b)
{
	uint8_t part[65536];
	FILE *f = fopen(path, "rb");
	b->n = 0;
	for (size_t n; f != NULL && (n = fread(part, 1, sizeof(part), f)) > 0;)
		bytes_add(b, part, n);
	return f != NULL && fclose(f) == 0;
}

static bool file_write(const char *path, struct slice s)
{
	FILE *f = fopen(path, "wb");
	if (f == NULL)
		return false;
	bool fine = fwrite(s.p, 1, s.n, f) == s.n;
	return fclose(f) == 0 && fine;
}

static uint64_t cpu_seconds(const struct hostile *h)
{
	uint64_t seconds = 2 * h->input.n / MIB;
	seconds = seconds < CPU_LEAST ? CPU_LEAST : seconds > CPU_MOST ? CPU_MOST : seconds;
	return seconds * h->slow;
}

static const char *word_of(const struct hostile *h, const char *word)
{
	if (strcmp(word, "@") == 0)
		return h->capture;
	return strcmp(word, ">") == 0 ? h->slice : word;
}

static void child(const struct hostile *h, const struct way *way)
{
	const char *words[WORDS + 2] = { h->program };
	for (size_t i = 0; i < WORDS && way->words[i] != NULL; i++)
		words[i + 1] = word_of(h, way->words[i]);
	struct rlimit cpu = { cpu_seconds(h), cpu_seconds(h) + 1 }, core = { 0, 0 };
	setrlimit(RLIMIT_CPU, &cpu);
	setrlimit(RLIMIT_CORE, &core);
	int in = open("/dev/null", O_RDONLY);
	int out = open(h->out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	int err = open(h->err, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (in >= 0 && out >= 0 && err >= 0 && dup2(in, 0) == 0 && dup2(out, 1) == 1 &&
	    dup2(err, 2) == 2)
		execv(h->program, (char *const *)(uintptr_t)words);
	_exit(127);
}

/* NULL: all is well. */
static const char *outcome(const struct hostile *h, const struct way *way, int status,
    const struct rusage *use)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	struct bytes out = { 0 }, err = { 0 };
	const char *what = NULL;
	if (WIFSIGNALED(status))
		what = WTERMSIG(status) == SIGXCPU ? "too slow" : "killed by a signal";
	else if (code != 0 && code != 1 && code != 3 && code != 4)
		what = "exit code";
	else if (h->slow == 1 && use->ru_maxrss > RSS_MAX / 1024)
		what = "memory";
	else if (!file_read(h->out, &out) || !file_read(h->err, &err))
		what = "no output";
	else if (!text_is_clean(bytes_all(&out)) || !text_is_clean(bytes_all(&err)))
		what = "bytes that are no clean text";
	else if (way->json && !lines_are_json(bytes_all(&out)))
		what = "a line that is no JSON";
	bytes_free(&out);
	bytes_free(&err);
	return what;
}

static bool try(struct hostile *h, const struct way *way, uint64_t number)
{
	struct rusage use;
	int status = 0;
	ensure(file_write(h->capture, bytes_all(&h->input)), NULL);
	pid_t pid = fork();
	if (pid == 0)
		child(h, way);
	ensure(pid > 0 && wait4(pid, &status, 0, &use) == pid, NULL);
	const char *what = outcome(h, way, status, &use);
	if (what == NULL)
		return true;
	char kept[600];
	snprintf(kept, sizeof(kept), "%s/fail-%" PRIu64 ".capture", h->folder, number);
	file_write(kept, bytes_all(&h->input));
	printf("FAIL %s (status %x, %ld KiB): davscope", what, (unsigned)status, use.ru_maxrss);
	for (size_t i = 0; i < WORDS && way->words[i] != NULL; i++)
		printf(" %s", strcmp(way->words[i], "@") == 0 ? kept : way->words[i]);
	printf("\n");
	return false;
}

static void hostile_prepare(struct hostile *h)
{
	path_make(h->capture, h->folder, "capture");
	path_make(h->slice, h->folder, "slice.pcapng");
	path_make(h->out, h->folder, "out");
	path_make(h->err, h->folder, "err");
}

static void hostile_end(struct hostile *h)
{
	unlink(h->capture);
	unlink(h->slice);
	unlink(h->out);
	unlink(h->err);
	bytes_free(&h->input);
}

/* How many failed. */
static uint64_t hostile_run(struct hostile *h, uint64_t n, uint64_t seed, char **files,
    size_t n_files)
{
	struct bytes one = { 0 }, other = { 0 };
	uint64_t failed = 0;
	for (uint64_t i = seed; i < seed + n; i++) {
		const struct way *way = &ways[i / n_files % (sizeof(ways) / sizeof(ways[0]))];
		ensure(file_read(files[i % n_files], &one), NULL);
		ensure(file_read(files[i * 7 % n_files], &other), NULL);
		mutate(&(struct mutation){ i }, slice_part(bytes_all(&one), 0, INPUT_MAX),
		    slice_part(bytes_all(&other), 0, INPUT_MAX), &h->input);
		failed += !try(h, way, i);
	}
	bytes_free(&one);
	bytes_free(&other);
	return failed;
}

int main(int argc, char **argv)
{
	const char *build = getenv("BUILD"), *program = getenv("DAVSCOPE"), *slow = getenv("SLOW");
	char folder[400];
	if (argc < 4 || build == NULL || program == NULL) {
		fprintf(stderr, "usage: BUILD= DAVSCOPE= hostile N SEED FILE...\n");
		return 2;
	}
	snprintf(folder, sizeof(folder), "%s/hostile", build);
	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return 2;
	struct hostile h = { .program = program,
		.folder = folder,
		.slow = slow ? strtoull(slow, NULL, 10) : SLOWNESS };
	uint64_t n = strtoull(argv[1], NULL, 10), seed = strtoull(argv[2], NULL, 10);
	hostile_prepare(&h);
	uint64_t failed = hostile_run(&h, n, seed, argv + 3, (size_t)argc - 3);
	hostile_end(&h);
	printf("%" PRIu64 " passed, %" PRIu64 " failed\n", n - failed, failed);
	return failed != 0;
}
