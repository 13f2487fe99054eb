/*
 * words.c - causes, steps of the gate and outcomes for people: what analysis/ has as numbers.
 */
#include "report/explain.h"

const char *cause_text(enum cause cause)
{
	static const char *const texts[CAUSES] = {
		[CAUSE_UNTAGGED] =
		    "the server stored the item and its answer carried no change tag; the client took "
		    "that for a failure and created the item again under another name",
		[CAUSE_LOST_ANSWER] =
		    "the answer to the create did not reach the client, or said that it failed; the "
		    "client created the item again under another name",
		[CAUSE_RESET] =
		    "the synchronisation began anew, and the client added items that the server already "
		    "had",
		[CAUSE_TWO_PEERS] = "two clients or gateways each created the item",
		[CAUSE_MOVE] =
		    "a move was made as a copy and the original was not deleted, so both are there",
		[CAUSE_REWRITTEN] =
		    "the server gave the item another UID or address, and the client did not know it "
		    "again",
		[CAUSE_PROXY_REPLAY] = "a proxy sent one request of the client to the server twice",
		[CAUSE_SERVER_REPLAY] =
		    "the client repeated a request as the protocol wants it, and the server made a "
		    "second item of it",
		[CAUSE_IMPORT] = "the item was imported or copied once more",
	};
	return texts[cause];
}

const char *gate_text(enum gate gate)
{
	static const char *const texts[GATES] = {
		[GATE_SAME_ID] = "the same resource, spelt in another way",
		[GATE_SHADOW] = "the same request, captured at two places",
		[GATE_FOLDED] = "one attempt in several transactions",
		[GATE_NOT_COMMITTED] = "one of the two was not stored",
		[GATE_OVERWRITE] = "it overwrites an item that is there",
		[GATE_OVERRIDE] = "another occurrence of the same series",
		[GATE_MOVE] = "moved or copied on purpose",
		[GATE_DELETED] = "deleted before",
		[GATE_OTHER_SCOPE] = "in another collection, where it may stand too",
		[GATE_SERVER_MADE] = "made by the server itself",
		[GATE_OTHER_PEERS] = "two clients made one each, and only their looks are the same",
		[GATE_IMPORT] = "part of an import, each item once",
		[GATE_SIMILAR] = "only similar, and nothing shows why it should be a copy",
		[GATE_LISTING] = "one item that a listing names twice",
		[GATE_RESTORE] = "restored from a bin or a backup",
	};
	return texts[gate];
}

const char *commit_text(enum op_kind kind, enum commit commit)
{
	static const char *const done[] = { [OP_CREATE] = "stored",
		[OP_UPDATE] = "stored",
		[OP_WRITE] = "stored",
		[OP_DELETE] = "deleted",
		[OP_MOVE] = "moved",
		[OP_COPY] = "copied",
		[OP_SEND] = "sent",
		[OP_OTHER] = NULL };
	if (done[kind] == NULL)
		return NULL;
	switch (commit) {
	case COMMIT_YES:
		return done[kind];
	case COMMIT_NO:
		return "refused";
	case COMMIT_MAYBE:
		return "outcome open";
	default:
		return "outcome not captured";
	}
}
