/*
 * sandbox.h - rights given up for good. Part of base.h.
 */
#ifndef DAVSCOPE_BASE_SANDBOX_H
#define DAVSCOPE_BASE_SANDBOX_H

#include "base/base.h"

/*
 * ---- sandbox: rights that a process gives up for good (Linux: users, capabilities, Landlock, seccomp) ----
 * In this order: descriptors are opened, sandbox_user(), sandbox_confine(), threads begin, sandbox_seal().
 * Capabilities and Landlock bind the calling thread and those it makes later, the filter all of them.
 */
enum sandbox_mode { SANDBOX_AUTO, SANDBOX_REQUIRE, SANDBOX_OFF }; /* auto: what the kernel lacks is left out, and told */
enum sandbox_role {
	SANDBOX_READER,            /* reads captures, writes reports: no network, no process, no new thread */
	SANDBOX_WATCHER,           /* the same on packets of interfaces that are open already */
	SANDBOX_KEEPER,            /* sinks: network, threads, files; programs when `programs` says so */
	SANDBOX_GUARD,             /* starts a keeper again: fork, execve, wait */
};
/* A watcher writes to descriptors below this one. Above lie the sockets of its interfaces, which would send what is written. */
enum { SANDBOX_WRITABLE = 64 };
struct sandbox {
	enum sandbox_mode mode;
	enum sandbox_role role;
	/*
	 * Directories, and files that stay the same; NULL at the end. In those of `writes` files are made,
	 * renamed, linked, removed, and by all but a reader read.
	 */
	const char *const *reads, *const *writes;
	bool programs;
	int channel;               /* of a watcher: the one socket that it sends messages to; 0: none */
	/* What could not be done in SANDBOX_AUTO; NULL: nobody is told. */
	void (*lacking)(const char *what);
};
void sandbox_private(void);                                      /* no core files, and what is in memory is not for other processes of the user */
bool sandbox_user(const char *name, struct error *);            /* user, its group, no other groups; verified. Not root: false, unless it is that user */
bool sandbox_confine(const struct sandbox *, struct error *);   /* capabilities, no_new_privs, Landlock, sandbox_private() */
bool sandbox_seal(const struct sandbox *, struct error *);      /* the filter of system calls: what is not listed is EPERM */

#endif
