/*
 * options_live.c - what the options of monitor and capture set.
 */
#include "cmd/options.h"

#include "cmd/config.h"

#include <string.h>

enum { FANOUT_MAX = 16, RING_FILES_MAX = 65000 };

/* "64M", "1500": K, M and G are 2^10, 2^20 and 2^30; `wants_unit`: tools differ in what a bare number means. */
static bool option_size(const char *option, const char *value, bool wants_unit, uint64_t *out,
    struct error *e)
{
	static const char units[] = "KMG";
	struct slice text = slice_from(value);
	const char *unit = text.n > 1 ? strchr(units, text.p[text.n - 1]) : NULL;
	unsigned shift = unit != NULL ? 10 * (unsigned)(unit - units + 1) : 0;
	if (unit != NULL)
		text.n--;
	if (unit == NULL && wants_unit)
		return error_set(e, "%s: '%.40s' needs a unit: K, M or G", option, value);
	if (!slice_to_u64(text, out) || *out == 0 || *out > UINT64_MAX >> shift)
		return error_set(e, "%s: '%.40s' is no size that fits", option, value);
	*out <<= shift;
	return true;
}

bool option_add_interface(struct options *o, const char *value, struct error *e)
{
	if (value[0] == '\0')
		return error_set(e, "-i: an empty name");
	o->interfaces[o->n_interfaces++] = value;
	return true;
}

bool option_set_list_interfaces(struct options *o, const char *value, struct error *e)
{
	(void)value, (void)e;
	o->lists_interfaces = true;
	return true;
}

bool option_set_buffer(struct options *o, const char *value, struct error *e)
{
	return option_size("-B", value, true, &o->buffer, e) &&
	    (o->buffer <= INT32_MAX || error_set(e, "-B: at most 2047M"));
}

/* As tcpdump has it, 0 is the default. */
bool option_set_snaplen(struct options *o, const char *value, struct error *e)
{
	uint64_t n = 0;
	if (!option_number("-s", value, 0, INT32_MAX, &n, e))
		return false;
	if (n != 0)
		o->limits.snaplen = n;
	return true;
}

bool option_set_no_promiscuous(struct options *o, const char *value, struct error *e)
{
	(void)value, (void)e;
	o->no_promiscuous = true;
	return true;
}

bool option_set_fanout(struct options *o, const char *value, struct error *e)
{
	uint64_t n = 0;
	if (!option_number("--fanout", value, 1, FANOUT_MAX, &n, e))
		return false;
	o->fanout = (unsigned)n;
	return true;
}

bool option_set_ring_bytes(struct options *o, const char *value, struct error *e)
{
	return option_size("-C", value, true, &o->ring_bytes, e);
}

bool option_set_ring_seconds(struct options *o, const char *value, struct error *e)
{
	return option_number("-G", value, 1, INT32_MAX, &o->ring_seconds, e);
}

bool option_set_ring_files(struct options *o, const char *value, struct error *e)
{
	return option_number("-W", value, 1, RING_FILES_MAX, &o->ring_files, e);
}

/* "10%" of the file system, or a size. */
bool option_set_keep_free(struct options *o, const char *value, struct error *e)
{
	struct slice text = slice_from(value);
	uint64_t n = 0;
	if (text.n == 0 || text.p[text.n - 1] != '%')
		return option_size("--keep-free", value, true, &o->keep_free_bytes, e);
	text.n--;
	if (!slice_to_u64(text, &n) || n == 0 || n > 99)
		return error_set(e, "--keep-free: '%.40s' is no share like 10%%", value);
	o->keep_free_percent = (unsigned)n;
	return true;
}

bool option_set_pin_on(struct options *o, const char *value, struct error *e)
{
	o->pins = true;
	return severity_find(value, &o->pin_on) ||
	    error_set(e, "--pin-on: '%.40s' is not info, low, medium, high or critical", value);
}

bool option_set_user(struct options *o, const char *value, struct error *e)
{
	o->user = value;
	return value[0] != '\0' || error_set(e, "-Z: an empty name");
}

bool option_set_sandbox(struct options *o, const char *value, struct error *e)
{
	static const char *const words[] = {
		[SANDBOX_AUTO] = "auto",
		[SANDBOX_REQUIRE] = "require",
		[SANDBOX_OFF] = "off",
		NULL,
	};
	unsigned i = 0;
	if (!option_word("--sandbox", value, words, &i, e))
		return false;
	o->sandbox = (enum sandbox_mode)i;
	return true;
}

bool option_set_config(struct options *o, const char *value, struct error *e)
{
	o->config_path = value;
	return value[0] != '\0' || error_set(e, "--config: an empty file name");
}

bool option_set_state(struct options *o, const char *value, struct error *e)
{
	o->state_dir = value;
	return value[0] != '\0' || error_set(e, "--state: an empty name");
}

bool option_set_metrics(struct options *o, const char *value, struct error *e)
{
	o->metrics = value;
	return metrics_check(slice_from(value)) ||
	    error_set(e, "--metrics: '%.80s' is no ADDRESS:PORT[/PATH]", value);
}

bool option_add_program(struct options *o, const char *value, struct error *e)
{
	o->programs[o->n_programs++] = value;
	return value[0] == '/' ||
	    error_set(e, "--exec: '%.60s' is no absolute path; there is no shell to look for it",
		value);
}

bool option_set_require_sinks(struct options *o, const char *value, struct error *e)
{
	(void)value, (void)e;
	o->require_sinks = true;
	return true;
}
