/*
 * sandbox.c - rights given up: the user (setresuid), capabilities (libcap-ng), which files (Landlock, three
 * system calls without a library: landlock(7)), and which system calls (libseccomp; calls.def).
 */
#include "base/base.h"

#include <cap-ng.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What watches a program from inside maps, opens and writes more than the program does. */
#if defined(DAVSCOPE_COVERAGE)
#define INSTRUMENTED true
#define INSTRUMENT_RIGHTS UINT64_MAX
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define INSTRUMENTED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define INSTRUMENTED true
#endif
#endif
#ifndef INSTRUMENTED
#define INSTRUMENTED false
#endif
#ifndef INSTRUMENT_RIGHTS
#define INSTRUMENT_RIGHTS (FS_READ | FS_EXECUTE) /* to tell of leaks and races */
#endif

/* Told, or in SANDBOX_REQUIRE an error. */
static bool lack(const struct sandbox *s, const char *what, struct error *e)
{
	if (s->mode == SANDBOX_REQUIRE)
		return error_set(e, "sandbox: %s", what);
	if (s->lacking != NULL)
		s->lacking(what);
	return true;
}

/* ---- the user ---- */

static bool is_user(uid_t uid, gid_t gid)
{
	uid_t u[3];
	gid_t g[3];
	return getresuid(&u[0], &u[1], &u[2]) == 0 && getresgid(&g[0], &g[1], &g[2]) == 0 &&
	    u[0] == uid && u[1] == uid && u[2] == uid && g[0] == gid && g[1] == gid && g[2] == gid;
}

/*
 * Without CAP_SETPCAP this cannot be done, and who has not that has few of them. libcap-ng must not
 * try: it complains to the system log, over a socket that stays open.
 */
static void bounds_drop(void)
{
	if (capng_get_caps_process() != 0 || !capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		return;
	capng_clear(CAPNG_SELECT_BOUNDS);
	capng_apply(CAPNG_SELECT_BOUNDS);
}

static bool user_become(uid_t uid, gid_t gid, const char *name, struct error *e)
{
	bounds_drop();
	if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 ||
	    setresuid(uid, uid, uid) != 0)
		return error_set(e, "user %.64s: %s", name, strerror(errno));
	if (!is_user(uid, gid) || getgroups(0, NULL) != 0)
		return error_set(e, "user %.64s: still another one", name);
	if (uid != 0 && (setresuid(0, 0, 0) == 0 || seteuid(0) == 0 || setegid(0) == 0))
		return error_set(e, "user %.64s: the way back to root is open", name);
	return true;
}

bool sandbox_user(const char *name, struct error *e)
{
	errno = 0;
	const struct passwd *user = getpwnam(name);
	if (user == NULL)
		return error_set(e, "user %.64s: %s", name,
		    errno == 0 ? "there is no such user" : strerror(errno));
	if (geteuid() == 0)
		return user_become(user->pw_uid, user->pw_gid, name, e);
	if (is_user(user->pw_uid, user->pw_gid))
		return true;
	return error_set(e, "user %.64s: only root can become somebody else", name);
}

/* ---- capabilities ---- */

static bool capabilities_set(capng_type_t kept_as)
{
	capng_clear(CAPNG_SELECT_ALL);
	if (kept_as != 0)
		capng_update(CAPNG_ADD, kept_as, CAP_DAC_OVERRIDE);
	return capng_apply(CAPNG_SELECT_CAPS) == 0;
}

static bool writes_are_reached(const struct sandbox *s)
{
	for (const char *const *path = s->writes; path != NULL && *path != NULL; path++)
		if (faccessat(AT_FDCWD, *path, W_OK, AT_EACCESS) != 0)
			return false;
	return true;
}

/*
 * Root without capabilities cannot write where another user alone may. A report that was asked for
 * there keeps CAP_DAC_OVERRIDE; where there is Landlock, it reaches nothing else.
 */
static bool needs_override(const struct sandbox *s)
{
	return s->role == SANDBOX_READER && geteuid() == 0 && capabilities_set(CAPNG_PERMITTED) &&
	    !writes_are_reached(s);
}

static bool capabilities_drop(const struct sandbox *s, struct error *e)
{
	bounds_drop();
	capng_clear(CAPNG_SELECT_ALL);
	capng_apply(CAPNG_SELECT_AMBIENT);
	bool override = needs_override(s);
	return capabilities_set(override ? CAPNG_EFFECTIVE | CAPNG_PERMITTED : 0) ||
	    lack(s, "capabilities cannot be dropped", e);
}

/* ---- Landlock: linux/landlock.h, of which systems have older ones than their kernels ---- */

enum {
	LANDLOCK_CREATE = 444,
	LANDLOCK_ADD = 445,
	LANDLOCK_RESTRICT = 446,
	RULE_PATH_BENEATH = 1,
	ASK_FOR_VERSION = 1,
	ABI_REFER = 2,
	ABI_TRUNCATE = 3,
	ABI_NET = 4,
	ABI_IOCTL = 5,
	ABI_SCOPE = 6,
};

enum {
	FS_EXECUTE = 1 << 0,
	FS_WRITE_FILE = 1 << 1,
	FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_REMOVE_DIR = 1 << 4,
	FS_REMOVE_FILE = 1 << 5,
	FS_MAKE_DIR = 1 << 7,
	FS_MAKE_REG = 1 << 8,
	FS_FIRST = (1 << 13) - 1, /* those of the first version */
	FS_REFER = 1 << 13,
	FS_TRUNCATE = 1 << 14,
	FS_IOCTL_DEV = 1 << 15,
	FS_OF_FILES = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV,
	FS_READ = FS_READ_FILE | FS_READ_DIR,
	FS_CHANGE = FS_READ_DIR | FS_WRITE_FILE | FS_TRUNCATE | FS_MAKE_REG | FS_REMOVE_FILE,
	NET_BIND_CONNECT = 3,
	SCOPE_ABSTRACT_SOCKET = 1,
	SCOPE_SIGNAL = 2,
};

struct ruleset_shape {
	uint64_t fs, net, scoped;
}; /* what is refused unless a rule grants it */

struct beneath {
	uint64_t granted;
	int32_t fd;
} __attribute__((packed));

struct lock {
	int fd;
	uint64_t fs;
};

/* Links and renames from directory to directory are refused by the first version; so by all. */
static struct ruleset_shape shape_of(const struct sandbox *s, long abi)
{
	bool networks = s->role == SANDBOX_KEEPER;
	struct ruleset_shape shape = { .fs = FS_FIRST };
	shape.fs |= abi >= ABI_REFER ? FS_REFER : 0;
	shape.fs |= abi >= ABI_TRUNCATE ? FS_TRUNCATE : 0;
	shape.fs |= abi >= ABI_IOCTL ? FS_IOCTL_DEV : 0;
	shape.net = abi >= ABI_NET && !networks ? NET_BIND_CONNECT : 0;
	if (abi >= ABI_SCOPE)
		shape.scoped = SCOPE_SIGNAL | (networks ? 0 : SCOPE_ABSTRACT_SOCKET);
	return shape;
}

/* False: errno. A link is followed: the rule is about what it leads to. */
static bool lock_grant(const struct lock *l, const char *path, uint64_t rights)
{
	struct stat st;
	struct beneath rule = { .granted = rights & l->fs };
	rule.fd = open(path, O_PATH | O_CLOEXEC);
	bool good = rule.fd >= 0 && fstat(rule.fd, &st) == 0;
	if (good && !S_ISDIR(st.st_mode))
		rule.granted &= FS_OF_FILES;
	if (good && rule.granted != 0)
		good = syscall(LANDLOCK_ADD, l->fd, RULE_PATH_BENEATH, &rule, 0) == 0;
	int error = errno;
	if (rule.fd >= 0)
		close(rule.fd);
	errno = error;
	return good;
}

static bool lock_grant_all(const struct lock *l, const char *const *paths, uint64_t rights,
    struct error *e)
{
	for (const char *const *path = paths; path != NULL && *path != NULL; path++)
		if (!lock_grant(l, *path, rights))
			return error_set(e, "%s%.160s: %s",
			    errno == ENOENT ? "" : "sandbox: ", *path, strerror(errno));
	return true;
}

/* libpcap reads what the driver dropped from here; the entries are links to elsewhere. */
static void grant_statistics(const struct lock *l)
{
	static const char where[] = "/sys/class/net", what[] = "statistics";
	DIR *all = opendir(where);
	for (const struct dirent *d; all != NULL && (d = readdir(all)) != NULL;) {
		char path[sizeof where + IF_NAMESIZE + sizeof what + 2];
		int n = snprintf(path, sizeof path, "%s/%s/%s", where, d->d_name, what);
		if (n > 0 && (size_t)n < sizeof path)
			lock_grant(l, path, FS_READ);
	}
	if (all != NULL)
		closedir(all);
}

/* Of what resolvers, TLS and the loader read no system has all. */
static void grant_system(const struct lock *l, bool programs)
{
	static const char *const read[] = { "/etc", "/usr", "/lib", "/lib32", "/lib64", "/bin",
		"/sbin", "/run/systemd/resolve", "/run/systemd/journal", "/run/resolvconf",
		"/run/NetworkManager", "/run/nscd", "/var/lib/ca-certificates", "/dev/urandom",
		"/dev/random", "/sys/devices/system/cpu", "/proc/sys" };
	for (size_t i = 0; i < sizeof read / sizeof read[0]; i++)
		lock_grant(l, read[i], FS_READ | (programs ? FS_EXECUTE : 0));
	lock_grant(l, "/dev/null", FS_READ_FILE | FS_WRITE_FILE | FS_TRUNCATE);
}

static bool grant_role(const struct lock *l, const struct sandbox *s, struct error *e)
{
	uint64_t change = FS_CHANGE | (s->role == SANDBOX_READER ? 0 : FS_READ);
	if (s->role == SANDBOX_KEEPER)
		change |= FS_MAKE_DIR | FS_REMOVE_DIR;
	uint64_t read = FS_READ | (s->programs ? FS_EXECUTE : 0);
	if (!lock_grant_all(l, s->reads, read, e) || !lock_grant_all(l, s->writes, change, e))
		return false;
	if (s->role == SANDBOX_WATCHER)
		grant_statistics(l);
	if (s->role == SANDBOX_KEEPER)
		grant_system(l, s->programs);
	if (INSTRUMENTED)
		lock_grant(l, "/", INSTRUMENT_RIGHTS);
	return true;
}

static bool files_confine(const struct sandbox *s, struct error *e)
{
	long abi = syscall(LANDLOCK_CREATE, NULL, 0, ASK_FOR_VERSION);
	if (abi < 1)
		return lack(s, "this kernel has no Landlock: files are not confined", e);
	const struct ruleset_shape shape = shape_of(s, abi);
	struct lock l = { (int)syscall(LANDLOCK_CREATE, &shape, sizeof shape, 0), shape.fs };
	if (l.fd < 0)
		return lack(s, "Landlock refuses: files are not confined", e);
	bool good = grant_role(&l, s, e);
	bool locked = good && syscall(LANDLOCK_RESTRICT, l.fd, 0) == 0;
	close(l.fd);
	return !good || locked ? good : lack(s, "Landlock refuses: files are not confined", e);
}

/* ---- both, and what is not to be seen from outside ---- */

void sandbox_private(void)
{
	const struct rlimit none = { 0, 0 };
	setrlimit(RLIMIT_CORE, &none);
	if (!INSTRUMENTED) /* the search for leaks reads its own process as another would */
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* A guard's programs have confinements of their own, which a narrower one of the guard would cut into. */
bool sandbox_confine(const struct sandbox *s, struct error *e)
{
	if (s->mode == SANDBOX_OFF)
		return true;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 &&
	    !lack(s, "no_new_privs is refused: programs may have more rights", e))
		return false;
	if (!capabilities_drop(s, e))
		return false;
	if (s->role != SANDBOX_GUARD && !files_confine(s, e))
		return false;
	sandbox_private(); /* again: another user makes it dumpable */
	return true;
}

/* ---- the filter of system calls ---- */

enum {
	R = 1 << SANDBOX_READER,
	W = 1 << SANDBOX_WATCHER,
	K = 1 << SANDBOX_KEEPER,
	REFUSED = 1 << SANDBOX_GUARD,
	P = 1 << 4, /* a keeper that starts programs */
	CONDITIONS = 2, /* of a call, at most */
};

static const struct {
	unsigned roles;
	const char *name;
} calls[] = {
#define CALL(roles, name) { roles, #name },
#include "base/calls.def"
#undef CALL
};

enum {
	LAST_OF_LOCKS = F_SETLKW, /* F_DUPFD to here; behind it the signals of descriptors begin */
	NAMESPACES = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
	    CLONE_NEWPID | CLONE_NEWNET,
};
#define TERMINAL2 0x802c542aU /* TCGETS2, which newer isatty() asks */

#define ONLY(arg, value) \
	{ \
		arg, SCMP_CMP_EQ, (value), 0 \
	}
#define WITHOUT(arg, bits) \
	{ \
		arg, SCMP_CMP_MASKED_EQ, (bits), 0 \
	}
#define WITH(arg, mask, bits) \
	{ \
		arg, SCMP_CMP_MASKED_EQ, (mask), (bits) \
	}

/* Let through when all conditions of one of its lines hold. */
static const struct {
	unsigned roles, n;
	const char *name;
	struct scmp_arg_cmp when[CONDITIONS];
} conditional[] = {
	{ R | W | K, 1, "mmap", { WITHOUT(2, PROT_EXEC) } },
	{ R | W | K, 1, "mprotect", { WITHOUT(2, PROT_EXEC) } },
	/* Resolvers and TLS load libraries; never what was written in memory. */
	{ K, 2, "mmap", { WITH(2, PROT_EXEC | PROT_WRITE, PROT_EXEC), WITHOUT(3, MAP_ANONYMOUS) } },
	{ R | K, 1, "fcntl", { { 1, SCMP_CMP_LE, LAST_OF_LOCKS, 0 } } },
	{ R | K, 1, "fcntl", { ONLY(1, F_DUPFD_CLOEXEC) } },
	/* No descriptor gets another number. */
	{ W, 1, "fcntl", { ONLY(1, F_GETFD) } },
	{ W, 1, "fcntl", { ONLY(1, F_SETFD) } },
	{ W, 1, "fcntl", { ONLY(1, F_GETFL) } },
	{ W, 1, "fcntl", { ONLY(1, F_SETFL) } },
	{ W, 1, "write", { WITHOUT(0, ~(scmp_datum_t)(SANDBOX_WRITABLE - 1)) } },
	{ W, 1, "writev", { WITHOUT(0, ~(scmp_datum_t)(SANDBOX_WRITABLE - 1)) } },
	{ R | W | K, 1, "ioctl", { ONLY(1, TCGETS) } },
	{ R | W | K, 1, "ioctl", { ONLY(1, TERMINAL2) } },
	{ R | W | K, 1, "ioctl", { ONLY(1, TIOCGWINSZ) } },
	{ W, 1, "ioctl", { ONLY(1, SIOCGIFFLAGS) } },
	{ K, 1, "ioctl", { ONLY(1, FIONREAD) } },
	{ K, 1, "ioctl", { ONLY(1, FIONBIO) } },
	{ R | W | K, 1, "prlimit64", { ONLY(2, 0) } }, /* reading only */
	{ W, 1, "setsockopt", { ONLY(1, SOL_PACKET) } }, /* libpcap takes its buffer away */
	{ K, 1, "socket", { ONLY(0, AF_UNIX) } },
	{ K, 1, "socket", { ONLY(0, AF_INET) } },
	{ K, 1, "socket", { ONLY(0, AF_INET6) } },
	{ K, 2, "socket", { ONLY(0, AF_NETLINK), ONLY(2, 0) } }, /* addresses of this host */
	{ K, 1, "socketpair", { ONLY(0, AF_UNIX) } },
	{ K, 1, "clone", { WITH(0, CLONE_THREAD, CLONE_THREAD) } },
	{ P, 1, "clone", { WITHOUT(0, NAMESPACES) } },
	{ K, 1, "prctl", { ONLY(0, PR_SET_NAME) } },
	{ P, 1, "prctl", { ONLY(0, PR_SET_PDEATHSIG) } },
	{ P, 1, "prctl", { ONLY(0, PR_GET_NAME) } },
};

/* What a newer kernel has and an older one or this library has not is no error. */
static bool filter_add(scmp_filter_ctx filter, uint32_t action, const char *name, unsigned n,
    const struct scmp_arg_cmp *when)
{
	int number = seccomp_syscall_resolve_name(name);
	if (number == __NR_SCMP_ERROR)
		return true;
	int code = seccomp_rule_add_array(filter, action, number, n, when);
	return code == 0 || code == -EDOM;
}

static bool filter_list(scmp_filter_ctx filter, unsigned roles)
{
	bool good = true;
	uint32_t action = roles == REFUSED ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_ALLOW;
	for (size_t i = 0; good && i < sizeof calls / sizeof calls[0]; i++)
		if ((calls[i].roles & roles) != 0)
			good = filter_add(filter, action, calls[i].name, 0, NULL);
	for (size_t i = 0; good && i < sizeof conditional / sizeof conditional[0]; i++)
		if ((conditional[i].roles & roles) != 0)
			good = filter_add(filter, action, conditional[i].name, conditional[i].n,
			    conditional[i].when);
	return good;
}

/* abort() of a process, and its threads among each other; clone3() hides its flags in memory. */
static bool filter_own(scmp_filter_ctx filter, unsigned roles)
{
	const struct scmp_arg_cmp self = ONLY(0, (scmp_datum_t)getpid());
	if (roles == REFUSED)
		return true;
	return ((roles & P) != 0 || filter_add(filter, SCMP_ACT_ALLOW, "tgkill", 1, &self)) &&
	    ((roles & K) == 0 || filter_add(filter, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL));
}

/* Where a name goes with a message nobody can look: it is in memory. Of a pair of sockets it has no meaning. */
static bool filter_channel(scmp_filter_ctx filter, const struct sandbox *s)
{
	const struct scmp_arg_cmp to[] = { ONLY(0, (scmp_datum_t)s->channel), ONLY(4, 0) };
	return s->role != SANDBOX_WATCHER || s->channel == 0 ||
	    (filter_add(filter, SCMP_ACT_ALLOW, "sendmsg", 1, to) &&
		filter_add(filter, SCMP_ACT_ALLOW, "sendto", 2, to));
}

/* A call in the numbers of another architecture has no place in any list. */
static bool filter_load(scmp_filter_ctx filter)
{
	return seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) == 0 &&
	    seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0 &&
	    seccomp_load(filter) == 0;
}

static bool calls_confine(const struct sandbox *s, struct error *e)
{
	unsigned roles = 1U << s->role | (s->role == SANDBOX_KEEPER && s->programs ? P : 0);
	scmp_filter_ctx filter = seccomp_init(
	    roles == REFUSED ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM));
	bool good = filter != NULL && filter_list(filter, roles) && filter_own(filter, roles) &&
	    filter_channel(filter, s) && filter_load(filter);
	seccomp_release(filter);
	return good || lack(s, "this kernel has no filter of system calls, or refuses it", e);
}

bool sandbox_seal(const struct sandbox *s, struct error *e)
{
	const struct rlimit none = { 0, 0 };
	if (s->mode == SANDBOX_OFF)
		return true;
	if (INSTRUMENTED)
		return lack(s, "no filter of system calls in a build with sanitizers", e);
	if (s->role == SANDBOX_READER || s->role == SANDBOX_WATCHER)
		setrlimit(RLIMIT_NPROC, &none);
	return calls_confine(s, e);
}
