/*
 * test_transfer.c - decode/transfer.c: quoted-printable and base64, however the bytes arrive.
 */
#include "decode/transfer.h"
#include "tests/unit/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Lines are told apart by '|' in the input; what belongs to the text is '|' in the output. */
static void check(enum transfer_coding coding, const char *in, const char *want, bool damaged)
{
	for (size_t step = 1; step < 5; step++) {
		struct transfer t = { .coding = coding };
		char got[400];
		size_t n = 0;
		struct slice rest = slice_from(in);
		while (rest.n > 0) {
			size_t piece = slice_find_byte(rest, '|');
			piece = piece < step ? piece : step;
			struct slice s = { guard_copy(rest.p, piece), piece };
			size_t made = transfer_bytes(&t, s, (uint8_t *)got + n);
			assert_true(made <= piece + 2);
			n += made;
			rest = slice_part(rest, piece, rest.n);
			if (rest.n == 0 || rest.p[0] != '|')
				continue;
			if (transfer_line_end(&t))
				got[n++] = '|';
			rest = slice_part(rest, 1, rest.n);
		}
		got[n] = '\0';
		assert_string_equal(got, want);
		assert_int_equal(t.damaged, damaged);
	}
}

static void test_quoted_printable(void **state)
{
	(void)state;
	check(TRANSFER_QUOTED, "a=3Db=c3=A9|c=|d|", "a=b\xc3\xa9|cd|", false);
	check(TRANSFER_QUOTED, "=|", "", false);
	check(TRANSFER_QUOTED, "a=xyz|", "a=xyz|", true);
	check(TRANSFER_QUOTED, "a=4xyz|", "a=4xyz|", true);
	check(TRANSFER_QUOTED, "==41|", "=A|", true);
	check(TRANSFER_QUOTED, "=4=41|", "=4A|", true);
	check(TRANSFER_QUOTED, "a=4|b", "a|b", true);
}

static void test_base64(void **state)
{
	(void)state;
	check(TRANSFER_BASE64, "VGVh|", "Tea", false);
	check(TRANSFER_BASE64, "VG|Vh IGFuZA==|", "Tea and", false);
	check(TRANSFER_BASE64, "VGVhcw==VGVh|", "TeasTea", false);
	check(TRANSFER_BASE64, "VG*Vh|", "Tea", true);
	check(TRANSFER_BASE64, "V", "", false);
	check(TRANSFER_BASE64, "", "", false);
}

static void test_others_are_left_alone(void **state)
{
	(void)state;
	check(TRANSFER_IDENTITY, "a=3D|b|", "a=3D|b|", false);
}

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(transfer_find(SLICE("")), TRANSFER_IDENTITY);
	assert_int_equal(transfer_find(SLICE(" 8BIT ")), TRANSFER_IDENTITY);
	assert_int_equal(transfer_find(SLICE("Quoted-Printable")), TRANSFER_QUOTED);
	assert_int_equal(transfer_find(SLICE("BASE64")), TRANSFER_BASE64);
	assert_int_equal(transfer_find(SLICE("x-uuencode")), TRANSFER_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quoted_printable),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_others_are_left_alone),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
