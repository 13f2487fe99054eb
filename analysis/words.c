/*
 * words.c - the words by which rules, JSON and people call what sync.h numbers.
 */
#include "analysis/analysis.h"

const char *const op_words[] = { [OP_CREATE] = "create",
	[OP_UPDATE] = "update",
	[OP_WRITE] = "write",
	[OP_DELETE] = "delete",
	[OP_MOVE] = "move",
	[OP_COPY] = "copy",
	[OP_READ] = "read",
	[OP_LIST] = "list",
	[OP_DELTA] = "delta",
	[OP_PROBE] = "probe",
	[OP_SEND] = "send",
	[OP_OTHER] = "other",
	NULL };
const char *const outcome_of_words[] = { [OUT_OK] = "ok",
	[OUT_PRECONDITION] = "precondition-failed",
	[OUT_UID_CONFLICT] = "uid-conflict",
	[OUT_CONFLICT] = "conflict",
	[OUT_GONE] = "gone",
	[OUT_DENIED] = "denied",
	[OUT_AUTH] = "authentication",
	[OUT_REDIRECT] = "redirect",
	[OUT_THROTTLED] = "throttled",
	[OUT_TRANSIENT] = "server-error",
	[OUT_REFUSED] = "refused",
	[OUT_TOKEN_BAD] = "token-refused",
	[OUT_LOST] = "lost",
	[OUT_UNSEEN] = "unseen",
	NULL };
const char *const commit_words[] = { [COMMIT_UNSEEN] = "unseen",
	[COMMIT_NO] = "no",
	[COMMIT_MAYBE] = "maybe",
	[COMMIT_YES] = "yes",
	NULL };
const char *const guard_words[] = { [GUARD_NONE] = "none",
	[GUARD_ABSENT] = "absent",
	[GUARD_EXISTS] = "exists",
	[GUARD_TAG] = "tag",
	[GUARD_SCHEDULE_TAG] = "schedule-tag",
	[GUARD_KEY] = "key",
	[GUARD_OTHER] = "other",
	[GUARD_UNSEEN] = "unseen",
	NULL };
const char *const certainty_words
    [] = { [SUSPECTED] = "suspected", [PROBABLE] = "probable", [CONFIRMED] = "confirmed", NULL };
const char *const copies_words[] = { "suspected", "probable", "confirmed", "confirmed-in-part",
	NULL };
const char *const cause_words[] = { "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", NULL };
const char *const gate_words[] = { [GATE_NONE] = "none",
	[GATE_SAME_ID] = "same-id",
	[GATE_SHADOW] = "seen-twice",
	[GATE_FOLDED] = "one-attempt",
	[GATE_NOT_COMMITTED] = "not-stored",
	[GATE_OVERWRITE] = "overwritten",
	[GATE_OVERRIDE] = "one-occurrence",
	[GATE_MOVE] = "moved",
	[GATE_DELETED] = "deleted-before",
	[GATE_OTHER_SCOPE] = "other-collection",
	[GATE_SERVER_MADE] = "made-by-server",
	[GATE_OTHER_PEERS] = "other-clients",
	[GATE_IMPORT] = "import",
	[GATE_SIMILAR] = "only-similar",
	[GATE_LISTING] = "listed-twice",
	[GATE_RESTORE] = "restored",
	NULL };

/* The words of both kinds of event in the order of the numbers; those of the other kind are NULL. */
enum { TROUBLE_KIND_ITEM, TROUBLE_KIND_SESSION };

static const struct {
	const char *name;
	int kind;
} troubles[TROUBLES] = {
	[TROUBLE_NONE] = { "none", TROUBLE_KIND_ITEM },
#define TROUBLE(code, kind, name, text) [TROUBLE_##code] = { name, TROUBLE_KIND_##kind },
#include "analysis/troubles.def"
#undef TROUBLE
};

const char *trouble_name(enum trouble trouble)
{
	return troubles[trouble].name;
}

bool trouble_is_of_item(enum trouble trouble)
{
	return troubles[trouble].kind == TROUBLE_KIND_ITEM;
}

const char *const item_trouble_words[] = {
#define TROUBLE_WORD_ITEM(name) name,
#define TROUBLE_WORD_SESSION(name)
#define TROUBLE(code, kind, name, text) TROUBLE_WORD_##kind(name)
#include "analysis/troubles.def"
#undef TROUBLE
#undef TROUBLE_WORD_ITEM
#undef TROUBLE_WORD_SESSION
	NULL,
};

const char *const session_trouble_words[] = {
#define TROUBLE_WORD_ITEM(name)
#define TROUBLE_WORD_SESSION(name) name,
#define TROUBLE(code, kind, name, text) TROUBLE_WORD_##kind(name)
#include "analysis/troubles.def"
#undef TROUBLE
#undef TROUBLE_WORD_ITEM
#undef TROUBLE_WORD_SESSION
	NULL,
};
