/*
 * verification.c - a verdict on a fix, with its reasons in words.
 */
#include "report/machine.h"

static struct paragraph begin(struct out *o, const struct report_options *options,
    const char *heading)
{
	struct paragraph p = paragraph_begin(o, options, 4);
	paragraph_join(&p, heading);
	return p;
}

static const char *trigger_text(enum trigger t)
{
	static const char *const texts[] = {
		[TRIGGER_UNTAGGED] = "a create is stored and answered without a change tag",
		[TRIGGER_LOST] = "a create gets no answer that says what became of it",
		[TRIGGER_NAME_TAKEN] = "a create is refused as its name is taken",
		[TRIGGER_UID_TAKEN] = "a create is refused as its UID is taken"
	};
	return texts[t];
}

static void verdict_write(struct out *o, const struct report_options *options,
    const struct verification *v)
{
	struct paragraph p = begin(o, options, verdict_words[v->verdict]);
	if (v->verdict == VERIFIED) {
		number_write(&p, "(", v->after.ended[ENDED_WELL], "");
		paragraph_words(&p, v->after.ended[ENDED_WELL] == 1 ? "trigger)" : "triggers)");
	}
	paragraph_end(&p);
}

static void triggers_write(struct out *o, const struct report_options *options,
    const struct verification *v)
{
	struct paragraph p = begin(o, options, "looked for:");
	const char *between = "";
	for (unsigned t = 0; t < TRIGGERS; t++) {
		if (!(v->triggers & BIT(t)))
			continue;
		paragraph_join(&p, between);
		paragraph_words(&p, trigger_text((enum trigger)t));
		between = "; or";
	}
	if (v->triggers == 0)
		paragraph_words(&p, "nothing");
	paragraph_end(&p);
}

static void count_write(struct paragraph *p, size_t n, const char *one, const char *more)
{
	if (n == 0)
		return;
	paragraph_join(p, ";");
	number_write(p, "", n, "");
	paragraph_words(p, n == 1 ? one : more);
}

static void side_write(struct out *o, const struct report_options *options, const char *heading,
    const char *name, const struct verify_side *s)
{
	struct paragraph p = begin(o, options, heading);
	paragraph_wire(&p, slice_from(name));
	paragraph_join(&p, ":");
	if (s->items == 0)
		paragraph_words(&p, "it happened to no item");
	else
		number_write(&p, "it happened to ", s->items, s->items == 1 ? " item" : " items");
	count_write(&p, s->ended[ENDED_COPIES], "ended in copies", "ended in copies");
	count_write(&p, s->ended[ENDED_STUCK], "stays unsent, as far as its client knows",
	    "stay unsent, as far as their clients know");
	count_write(&p, s->ended[ENDED_WELL], "ended well", "ended well");
	count_write(&p, s->doubts[DOUBT_MISSING],
	    "cannot be judged: traffic of its client is missing",
	    "cannot be judged: traffic of their clients is missing");
	count_write(&p, s->doubts[DOUBT_UNWATCHED],
	    "cannot be judged: its client was not seen for long enough",
	    "cannot be judged: their clients were not seen for long enough");
	count_write(&p, s->doubts[DOUBT_OPEN], "cannot be judged: how it ended is open",
	    "cannot be judged: how they ended is open");
	count_write(&p, s->doubts[DOUBT_OTHER_CAUSE], "has copies for another cause",
	    "have copies for another cause");
	paragraph_end(&p);
	if (s->worst != NULL)
		line_write(o, options, 2, s->worst);
	if (s->well != NULL)
		line_write(o, options, 2, s->well);
	if (s->doubted != NULL && s->worst == NULL)
		line_write(o, options, 2, s->doubted);
}

static const char *reason_text(const struct verification *v)
{
	switch (v->verdict) {
	case VERIFIED:
		return "it happened, and each time that can be judged it ended well.";
	case STILL_BROKEN:
		return "it happened, and there are copies of what it happened to.";
	case PARTIAL:
		return v->after.ended[ENDED_STUCK] != 0 ?
		    "it happened and left no copies, but an item stays unsent." :
		    "it ended well, but the client does otherwise than the profile says.";
	case NOT_EXERCISED:
		return "it did not happen in this capture: that nothing went wrong shows nothing, and a version number does not either.";
	default:
		break;
	}
	if (v->forgotten != 0)
		return "too many items are in the capture: what became of some was forgotten; see limit lifelines.";
	if (v->no_fault_before)
		return "the capture from before shows no fault that could be gone.";
	if (v->after.items == 0)
		return "it was not seen, but it may have happened in what is missing of the traffic.";
	if (v->after.ended[ENDED_WELL] != 0)
		return "it ended well as far as the capture can be read, but not all of it can.";
	return "it happened, but no time that it did can be judged.";
}

/* How the trigger comes about, with the client itself: what is played shows nothing of that. */
static const char *occasion_text(uint32_t triggers)
{
	if (triggers & BIT(TRIGGER_UNTAGGED))
		return "capture a new appointment in a folder where the server changes items as they are saved; "
		       "of a front end, the side towards the store is what counts.";
	if (triggers & BIT(TRIGGER_LOST))
		return "capture a new appointment whose answer is cut off on its way to the client.";
	return "capture a new appointment under a name or UID that the server has already.";
}

/* What to do about a verdict that says nothing. */
static const char *advice_text(const struct verification *v)
{
	if (v->verdict == NOT_EXERCISED)
		return v->triggers != 0 ? occasion_text(v->triggers) : NULL;
	if (v->verdict == UNDECIDED && v->no_fault_before)
		return "give a capture that has the copies, or the attempts that fail, as --before.";
	if (v->verdict != UNDECIDED || v->after.doubts[DOUBT_UNWATCHED] == 0)
		return NULL;
	return v->before.items == 0 ?
	    "capture longer: until the client has synchronised again." :
	    "capture longer: until the client has synchronised again, at least as long as it took to try again before.";
}

static void client_write(struct out *o, const struct report_options *options,
    const struct verification *v)
{
	if (v->client == NULL && !v->no_client_after)
		return;
	struct paragraph p = begin(o, options, "client:");
	if (v->no_client_after)
		paragraph_words(&p, "the one that is meant is not in the capture from after");
	else
		paragraph_wire(&p,
		    slice_from(
			v->client->agent[0] != '\0' ? v->client->agent : "without a User-Agent"));
	paragraph_end(&p);
}

static void text_write(struct out *o, const struct report_options *options,
    const struct verification *v, const char *before, const char *after)
{
	verdict_write(o, options, v);
	struct paragraph p = begin(o, options, "reason:");
	paragraph_words(&p, reason_text(v));
	paragraph_end(&p);
	triggers_write(o, options, v);
	client_write(o, options, v);
	if (before != NULL)
		side_write(o, options, "before:", before, &v->before);
	side_write(o, options, "after:", after, &v->after);
	if (v->check != NULL)
		check_write(o, options, 0, v->check);
	if (advice_text(v) == NULL)
		return;
	p = begin(o, options, "hint:");
	paragraph_words(&p, advice_text(v));
	paragraph_end(&p);
}

void verification_write(struct out *o, const struct report_options *options,
    const struct verification *v, const char *before, const char *after)
{
	if (options->format == REPORT_JSON)
		verification_json(o, options, v, before, after, reason_text(v), advice_text(v));
	else
		text_write(o, options, v, before, after);
}
