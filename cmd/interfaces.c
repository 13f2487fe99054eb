/*
 * interfaces.c - -D of the live commands: the interfaces that -i can name.
 */
#include "cmd/cmd.h"

#include <string.h>

enum { NAME_COLUMN = 16, STATE_COLUMN = 6, TEXT_MAX = 200 };

static void column_print(struct out *out, const char *text, size_t width)
{
	out_vis(out, slice_from(text), TEXT_MAX);
	size_t n = strlen(text);
	do
		out_char(out, ' ');
	while (++n < width);
}

static void device_print(struct out *out, const struct device *d)
{
	column_print(out, d->name, NAME_COLUMN);
	column_print(out, d->up ? "up" : "down", STATE_COLUMN);
	if (d->text != NULL)
		out_vis(out, slice_from(d->text), TEXT_MAX);
	else if (d->loopback)
		out_text(out, "loopback");
	else
		out_text(out, "network interface");
	out_char(out, '\n');
}

int interfaces_print(void)
{
	struct error e;
	size_t n = 0;
	struct device *devices = devices_list(&n, &e);
	if (devices == NULL) {
		warn("%s", e.text);
		return EXIT_INPUT;
	}
	struct out *out = out_stdout(&e);
	for (size_t i = 0; i < n && out != NULL; i++)
		device_print(out, &devices[i]);
	devices_free(devices, n);
	return out != NULL ? finish_output(out) : EXIT_INTERNAL;
}
