/*
 * conclusions.h - what a capture says of the clients in it, held against the reference machine and its
 * profiles. Part of analysis.h.
 */
#ifndef DAVSCOPE_ANALYSIS_CONCLUSIONS_H
#define DAVSCOPE_ANALYSIS_CONCLUSIONS_H

#include "analysis/server_view.h"
#include "analysis/simulate.h"

enum conformance { CONFORMS, VIOLATES, UNTRIED, NOT_DECIDED };
extern const char *const conformance_words[]; /* NULL at the end */

/* What happens to an item that tells good clients from bad ones, and how it ended. */
enum trigger { TRIGGER_UNTAGGED, TRIGGER_LOST, TRIGGER_NAME_TAKEN, TRIGGER_UID_TAKEN, TRIGGERS };
extern const char *const trigger_words[];
enum ending { ENDED_WELL, ENDED_COPIES, ENDED_STUCK, ENDED_OPEN, ENDINGS };
extern const char *const ending_words[];

/* Over all servers that explain the capture, and all ways in which its faults may strike another client. */
struct predicted {
	unsigned least, most;          /* live copies */
	bool may_be_dirty;             /* the client may have something left to send */
	bool may_lose_edit;
	unsigned requests;             /* of the first of the runs */
};
enum grade { GRADE_A, GRADE_B, GRADE_C }; /* all answers were seen; follow from what the server showed; were assumed in part */

/* What another client would have done. */
struct whatif_view {
	const struct profile *profile;
	struct stamp at;               /* the request that it would not have sent, or behind which it would have sent another; frame 0: it does the same */
	bool behind;
	enum machine_event instead;    /* of Q_; MACHINE_EVENTS: nothing */
	struct predicted out, one_fault, two_faults; /* as it was; at worst with so many messages lost or sent twice */
	enum grade grade;
	uint64_t assumed;              /* bits of enum policy: the outcome rests on the first value of these */
};

/* What happened, for a player: see play/. The names of profiles; NULL: none of those that are known fits. */
struct scenario_view {
	const struct profile *client, *server;
	unsigned cycles, edit_before;
	const struct mishap *mishaps; size_t n_mishaps; /* simulate.h */
};

/* Who has to be another one for the copies to go away. */
enum { PART_CLIENT = 1, PART_SERVER = 2, PART_NETWORK = 4, PARTS = 8 };
struct butfor_view {
	struct predicted without[PARTS]; /* by the parts that are replaced: the client by `profile`, the server by one without the trait, the network by one without faults */
	const struct profile *profile;
	bool reproduced;               /* without[0] is what the capture shows */
	unsigned necessary;            /* bits: alone it makes the copies go away */
};

/* One item as one client has it; "i-4". */
struct line_view {
	uint64_t number;
	const char *text, *peer;       /* summary or path; who */
	size_t client;                 /* of which client, by place in the list */
	struct stamp first, last;      /* requests of its first and last deed */
	unsigned creates, copies, open_copies; /* attempts that may be stored; live copies; copies that may be live */
	uint32_t triggers;             /* bits of enum trigger */
	struct stamp trigger_at[TRIGGERS]; /* the first of each */
	unsigned later_cycles;         /* synchronisations that its client began behind the last trigger */
	int64_t watched_ns;            /* how long its client was seen behind that */
	int64_t retry_ns;              /* the longest time from one of its creates to the next */
	bool held;                     /* later its client changed or deleted it under its id: it holds it as stored */
	enum cause cause;              /* of its copies; CAUSE_NONE: the capture does not say, or there are none */
	enum ending ending;            /* WELL where there was no trigger and no copy, too */
	bool whole;                    /* nothing that its client did with it can be missing */
	const char *why_not;           /* NULL, or why nothing can be said of other clients */
	const struct whatif_view *whatifs; size_t n_whatifs;
	const struct scenario_view *scenario; /* NULL: nothing can be said */
	const struct butfor_view *butfor; /* NULL: there is no copy, or nothing can be said */
};

/* A profile held against all lifelines of a client. */
struct check_view {
	const struct profile *profile;
	enum conformance verdict;
	bool by_agent;                 /* the client announces itself as one of these */
	uint64_t line;                 /* VIOLATES: the item, the request, and the rows of the machine */
	struct stamp at;
	const char *would, *needed;    /* names of rows; NULL: there is none */
	enum policy policy;            /* the one that would have to be different; POLICY_ANY: more than one */
	uint8_t values;
};

struct client_view {
	const char *agent;             /* "": it sends none */
	bool activesync;
	uint16_t version;              /* of ActiveSync: 141 */
	size_t lines, judged;          /* items; those of which something could be concluded */
	struct vector fit;             /* all values that explain what it did */
	uint64_t shown, mixed;         /* bits of enum policy: narrowed; not the same in all items */
	struct stamp shown_at[POLICIES]; /* the request that narrowed it last */
	const struct check_view *checks; size_t n_checks; /* profiles that it announces, or that was asked for */
};

struct conclusions {
	const struct client_view *clients; size_t n_clients;
	const struct server_view *const *servers; size_t n_servers; /* in the order of first appearance */
	const struct line_view *lines; size_t n_lines;  /* by number */
	uint64_t forgotten;            /* items that had to leave: nothing is concluded of them */
};

struct client_sign client_sign_of(const struct client_view *); /* what it shows of itself */

/* What to conclude. */
struct conclude_wish {
	const struct profile *profile; /* to check besides those that clients announce; NULL: none */
	bool facts_only;               /* not what other clients would have done: that takes longest */
};

#endif
