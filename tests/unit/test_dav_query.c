/*
 * test_dav_query.c - decode/dav_query.c and the places of filters and limits: which queries leave something
 * out that may be there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "decode/dav_query.h"
#include "tests/unit/xml_run.h"

#define CAL "urn:ietf:params:xml:ns:caldav"
#define CARD "urn:ietf:params:xml:ns:carddav"

static void asks(const char *root, const char *inner, const char *want)
{
	char in[2048];
	snprintf(in, sizeof(in),
	    "<%s xmlns='DAV:' xmlns:C='" CAL "' xmlns:A='" CARD "'><prop><getetag/></prop>%s</%s>",
	    root, inner, root);
	struct record *r = run_all((struct job){ .in = slice_from(in) });
	const char *line = strstr(r->text, "asks");
	assert_non_null(strstr(r->text, "whole"));
	assert_string_equal(line != NULL ? line : "", want);
	free(r);
}

static void test_filters_of_calendars(void **state)
{
	(void)state;
	static const char *const all[] = { "", "<C:filter/>",
		"<C:filter><C:comp-filter name='VCALENDAR'/></C:filter>",
		("<C:filter>\n <C:comp-filter name='VCALENDAR'>\n <C:comp-filter name='VEVENT'/>\n"
		 "</C:comp-filter></C:filter>") };
	static const char *const some[] = {
		"<C:filter><C:comp-filter><C:comp-filter><C:time-range start='x'/></C:comp-filter>"
		"</C:comp-filter></C:filter>",
		"<C:filter><C:comp-filter><C:comp-filter><C:prop-filter name='UID'><C:text-match>1"
		"</C:text-match></C:prop-filter></C:comp-filter></C:comp-filter></C:filter>",
		"<C:filter><C:comp-filter><C:comp-filter><C:comp-filter name='VALARM'/></C:comp-filter>"
		"</C:comp-filter></C:filter>",
		"<C:filter><C:comp-filter><C:prop-filter/></C:comp-filter></C:filter>",
		"<C:filter><C:comp-filter><C:is-not-defined/></C:comp-filter></C:filter>",
		"<C:filter><x xmlns='y'/></C:filter>"
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		asks("C:calendar-query", all[i], "");
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		asks("C:calendar-query", some[i], "asks filtered 0\n");
}

static void test_filters_of_address_books(void **state)
{
	(void)state;
	asks("A:addressbook-query", "<A:filter/>", "");
	asks("A:addressbook-query", "<A:filter test='anyof'><A:prop-filter name='FN'/></A:filter>",
	    "asks filtered 0\n");
}

static void test_limits(void **state)
{
	(void)state;
	asks("sync-collection", "<limit><nresults>100</nresults></limit>", "asks 100\n");
	asks("sync-collection", "<limit><nresults>\n7 </nresults></limit>", "asks 7\n");
	asks("A:addressbook-query", "<A:limit><A:nresults>5</A:nresults></A:limit>", "asks 5\n");
	asks("sync-collection", "<limit><nresults>99999999999</nresults></limit>",
	    "asks 4294967295\n");
	asks("sync-collection", "<limit><nresults>many</nresults></limit>", "");
	asks("sync-collection", "<nresults>100</nresults>", "");
}

static void test_a_part_of_the_data(void **state)
{
	(void)state;
	static const char *const children[] = { "comp", "prop", "expand", "limit-recurrence-set",
		"limit-freebusy-set" };
	for (size_t i = 0; i < sizeof(children) / sizeof(children[0]); i++) {
		char inner[200];
		snprintf(inner, sizeof(inner),
		    "<prop><C:calendar-data><C:%s/></C:calendar-data></prop>", children[i]);
		asks("C:calendar-multiget", inner, "asks partial 0\n");
	}
	asks("A:addressbook-multiget",
	    "<prop><A:address-data><A:prop name='FN'/></A:address-data></prop>",
	    "asks partial 0\n");
	asks("C:calendar-multiget", "<prop><C:calendar-data/></prop>", "");
	asks("C:calendar-multiget",
	    "<prop><C:calendar-data><C:other/><comp/></C:calendar-data></prop>", "");
	asks("C:calendar-multiget", "<prop><getetag><C:comp/></getetag></prop>", "");
}

static void test_sql(void **state)
{
	(void)state;
	static const char *const all[] = {
		"", "SELECT \"DAV:href\" FROM SCOPE('SHALLOW TRAVERSAL OF \"\"')",
		"SELECT \"WHERE\" FROM x", "SELECT x FROM 'a WHERE \"b\"'",
		"SELECT nowhere FROM wherever",
		"SELECT x WHERE \"DAV:isfolder\" = false AND \"DAV:ishidden\" = false",
		"select x where (\"DAV:contentclass\" = 'urn:content-classes:appointment')",
		"x WHERE \"http://schemas.microsoft.com/exchange/outlookmessageclass\" = 'IPM.Appointment'"
	};
	static const char *const some[] = { "SELECT x WHERE \"urn:schemas:calendar:dtstart\" > 1",
		"SELECT x\nwhere\n\"DAV:isfolder\" = false AND \"DAV:getlastmodified\" > 1",
		"x WHERE 1 < 2", "x WHERE \"DAV:getetag", "x where(\"a\"=1)" };
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		size_t n = strlen(all[i]);
		struct slice sql = { guard_copy(all[i], n), n };
		assert_false(query_is_filtered(sql, false));
		assert_true(query_is_filtered(sql, true));
	}
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		size_t n = strlen(some[i]);
		if (!query_is_filtered((struct slice){ guard_copy(some[i], n), n }, false))
			fail_msg("%s", some[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filters_of_calendars),
		cmocka_unit_test(test_filters_of_address_books),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_a_part_of_the_data),
		cmocka_unit_test(test_sql),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
