/*
 * test_multistatus.c - decode/multistatus.c, element.c, value.c: what answers and requests say.
 * Every sample is fed whole, byte by byte and in random pieces.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/xml_run.h"

#define CAL "urn:ietf:params:xml:ns:caldav"
#define REPL "http://schemas.microsoft.com/repl/"

/* ---- answers ---- */

static void test_a_multistatus_is_read(void **state)
{
	(void)state;
	check(
	    "<?xml version='1.0'?>\n<D:multistatus xmlns:D='DAV:' xmlns:C='" CAL
	    "'>\n <D:response>\n"
	    "  <D:href>\n/cal/1.ics </D:href>\n  <D:propstat><D:prop><D:getetag>\"1&amp;2\"</D:getetag>"
	    "<D:resourcetype> <D:collection/> <C:calendar/> </D:resourcetype><D:displayname/>"
	    "<D:owner> <D:href>/p/1/</D:href> </D:owner></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>"
	    "<D:propstat><D:status>HTTP/1.1 404 Not Found</D:status><D:prop><C:nothing/></D:prop></D:propstat>"
	    "</D:response><D:response><D:href>/cal/2.ics</D:href><D:status>HTTP/1.1 404 Not Found</D:status>"
	    "</D:response><D:sync-token> http://x/ns/7 </D:sync-token></D:multistatus>",
	    "root DAV:|multistatus whole\nxmlns DAV:\nxmlns " CAL
	    "\ntoken http://x/ns/7 level  collblob \n"
	    "response /cal/1.ics 0\n DAV:|getetag 200 5 [\"1&2\"]\n DAV:|resourcetype 200 3 [collection calendar]\n"
	    " DAV:|displayname 200 0 []\n DAV:|owner 200 7 [/p/1/]\n " CAL "|nothing 404 0 []\n"
	    "response /cal/2.ics 404\n");
}

static void test_the_prefix_does_not_matter(void **state)
{
	(void)state;
	static const char *const same[] = {
		"<multistatus xmlns='DAV:'><response><href>/a</href></response></multistatus>",
		"<x:multistatus xmlns:x='DAV:'><x:response><x:href>/a</x:href></x:response></x:multistatus>",
		"<x:multistatus xmlns:x='DAV:'><response xmlns='DAV:'><href>/a</href></response></x:multistatus>",
	};
	for (size_t i = 0; i < 3; i++)
		check(same[i], "root DAV:|multistatus whole\nxmlns DAV:\nresponse /a 0\n");
	check(
	    "<D:multistatus xmlns:D='DAV'><D:response><D:href>/a</D:href></D:response></D:multistatus>",
	    "root DAV|multistatus whole\nxmlns DAV\n");
	check("<multistatus><response><href>/a</href></response></multistatus>",
	    "root |multistatus whole\n");
	check(
	    "<D:multistatus xmlns:D='DAV:'><D:Response/><E:response xmlns:E='dav:'/></D:multistatus>",
	    "root DAV:|multistatus whole\nxmlns DAV:\n");
}

/* Exchange: status first, changetype in several spellings, 0x names, references to no character. */
static void test_the_answer_to_an_exchange_search(void **state)
{
	(void)state;
	check(
	    "<?xml version=\"1.0\"?><a:multistatus xmlns:b=\"urn:uuid:c2f41010-65b3-11d1-a29f-00aa00c14882/\""
	    " xmlns:a=\"DAV:\" xmlns:d=\"" REPL
	    "\" xmlns:e=\"http://schemas.microsoft.com/mapi/proptag/\""
	    " xmlns:f=\"http://schemas.microsoft.com/mapi/id/{00062002-0000-0000-C000-000000000046}/\">"
	    "<d:repl><d:collblob>AQAAAA==</d:collblob></d:repl><a:contentrange>0-1</a:contentrange>"
	    "<a:response><a:href>http://s/1.EML</a:href><a:propstat><a:status>HTTP/1.1 200 OK</a:status><a:prop>"
	    "<d:resourcetag>rt:1</d:resourcetag><f:0x8208 b:dt=\"string\">Room&#01;</f:0x8208>"
	    "<e:x66590102 b:dt=\"bin.base64\">QUJD</e:x66590102></a:prop></a:propstat>"
	    "<d:changetype>new</d:changetype></a:response>"
	    "<a:response><a:href>http://s/2.EML</a:href><d:ChangeType>Delete</d:ChangeType></a:response>"
	    "<a:response><a:href>http://s/3.EML</a:href><a:propstat><a:status>HTTP/1.1 200 OK</a:status><a:prop>"
	    "<d:changetype>change</d:changetype></a:prop></a:propstat></a:response></a:multistatus>",
	    "!xml.sanitised\n!xml.sanitised\n!xml.sanitised\nroot DAV:|multistatus whole\n"
	    "xmlns urn:uuid:c2f41010-65b3-11d1-a29f-00aa00c14882/\nxmlns DAV:\nxmlns " REPL "\n"
	    "xmlns http://schemas.microsoft.com/mapi/proptag/\n"
	    "xmlns http://schemas.microsoft.com/mapi/id/{00062002-0000-0000-C000-000000000046}/\n"
	    "token  level  collblob AQAAAA==\n"
	    "response http://s/1.EML 0 changetype new\n " REPL "|resourcetag 200 4 [rt:1]\n"
	    " http://schemas.microsoft.com/mapi/id/{00062002-0000-0000-C000-000000000046}/|0x8208 200 7 "
	    "[Room\xef\xbf\xbd]\n http://schemas.microsoft.com/mapi/proptag/|x66590102 200 4 []\n"
	    "response http://s/2.EML 0 changetype Delete\n"
	    "response http://s/3.EML 0 changetype change\n " REPL "|changetype 200 6 [change]\n");
}

#define MULTI(inner) "<multistatus xmlns='DAV:'>" inner "</multistatus>"
#define MULTI_ROOT "root DAV:|multistatus whole\nxmlns DAV:\n"

static void test_odd_answers(void **state)
{
	(void)state;
	check(MULTI(""), MULTI_ROOT);
	check(MULTI("<response/>"), MULTI_ROOT "response  0\n");
	check(
	    MULTI(
		"<response><href>/a</href><href>/b</href><href/><status>HTTP/1.1 423 Locked</status></response>"),
	    MULTI_ROOT "response /a 423\nresponse /b 423\nresponse  423\n");
	check(
	    MULTI(
		"<response><status>HTTP/1.1 201 Created</status><href>/a</href><propstat><status>HTTP/1.1 200 OK"
		"</status><prop><b/></prop></propstat></response>"),
	    MULTI_ROOT "response /a 201\n DAV:|b 200 0 []\n");
	check(
	    MULTI(
		"<response><href>/a</href><propstat><prop><b>1</b></prop></propstat><propstat><status>HTTP/1.1 404"
		"</status><status>HTTP/1.1 200 OK</status><prop><c/><c/></prop><prop><d/></prop></propstat></response>"),
	    MULTI_ROOT
	    "response /a 0\n DAV:|b 0 1 [1]\n DAV:|c 404 0 []\n DAV:|c 404 0 []\n DAV:|d 404 0 []\n");
	check(
	    MULTI(
		"<response><href>/a</href><status>HTTP/1.1 403 Forbidden</status><error><x:need-privileges"
		" xmlns:x='urn:x'><href>/no</href></x:need-privileges><second/></error></response>"),
	    MULTI_ROOT "response /a 403 error urn:x|need-privileges\n");
	check(
	    MULTI(
		"<response><href>/a</href><propstat><prop><b/></prop><error><quota/></error><status>"
		"HTTP/1.1 507 No</status></propstat></response>"),
	    MULTI_ROOT "response /a 0 error DAV:|quota\n DAV:|b 507 0 []\n");
	check(MULTI(
		  "<href>/no</href><prop><no/></prop><x><response><href>/no</href></response></x>"),
	    MULTI_ROOT);
	check(MULTI("<response><prop><no/></prop><href><b>no</b>/a<c>no</c></href></response>"),
	    MULTI_ROOT "response /a 0\n");
}

static void test_status_lines(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		unsigned status;
	} lines[] = {
		{ "HTTP/1.1 200 OK", 200 },
		{ " HTTP/1.0 404 ", 404 },
		{ "HTTP/1.1 207", 207 },
		{ "http/1.1 210 x", 210 },
		{ "HTTP/1.1  200 OK", 200 },
		{ "HTTP/2 412 Precondition Failed", 412 },
		{ "200 OK", 0 },
		{ "", 0 },
		{ "HTTP/1.1", 0 },
		{ "HTTP/1.1 20", 0 },
		{ "HTTP/1.1 2000 OK", 0 },
		{ "HTTP/1.1 2x0 OK", 0 },
		{ "HTTP/1.1 -12 OK", 0 },
		{ "HTTP/1.1 099 OK", 0 },
		{ "999 x", 0 },
		{ "HTTP/1.1 200OK", 0 },
	};
	char in[512], want[512];
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		snprintf(in, sizeof(in), MULTI("<response><status>%s</status></response>"),
		    lines[i].line);
		snprintf(want, sizeof(want), MULTI_ROOT "response  %u\n", lines[i].status);
		check(in, want);
	}
}

static void test_values(void **state)
{
	(void)state;
	static const struct {
		const char *inner, *want;
	} values[] = {
		{ " a b\n", "5 [ a b\n]" },
		{ "<![CDATA[<b>]]>&lt;", "4 [<b><]" },
		{ "a<!-- c -->b<?p i?>c", "3 [abc]" },
		{ "<v>1</v><v>2</v>", "2 [12]" },
		{ "\n <c/> \n<d><e/></d>\n", "5 [c d]" },
		{ "<c/><d>x</d><e/>", "1 [x]" },
		{ "\n <d> x</d>", "4 [x]" },
		{ "<href>/a</href>\n<href>/b</href>", "5 [/a /b]" },
		{ "<c/><href>/a</href>", "2 [/a]" },
		{ "<href>/a</href>text<d>more</d>", "10 [/a]" },
		{ "text<href>/a</href>", "6 [text/a]" },
		{ "<c><href>/a</href></c>", "2 [/a]" },
		{ "<href/>", "0 []" },
		{ "<x:href xmlns:x='urn:x'>/a</x:href>", "2 [/a]" },
		{ "<c><d><e><f>1</f></e></d></c>", "1 [1]" },
	};
	char in[512], want[512];
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		snprintf(in, sizeof(in),
		    MULTI("<response><propstat><prop><p>%s</p></prop></propstat></response>"),
		    values[i].inner);
		snprintf(want, sizeof(want), MULTI_ROOT "response  0\n DAV:|p 0 %s\n",
		    values[i].want);
		check(in, want);
	}
}

static void test_whole_objects_are_counted_not_kept(void **state)
{
	(void)state;
	check(
	    "<multistatus xmlns='DAV:' xmlns:C='" CAL
	    "' xmlns:A='urn:ietf:params:xml:ns:carddav'><response><href>/a"
	    "</href><propstat><prop><C:calendar-data>BEGIN:VCALENDAR&#13;\n</C:calendar-data><A:address-data>"
	    "<b>BEGIN</b></A:address-data><calendar-data>kept</calendar-data></prop></propstat></response></multistatus>",
	    "root DAV:|multistatus whole\nxmlns DAV:\nxmlns " CAL
	    "\nxmlns urn:ietf:params:xml:ns:carddav\n"
	    "response /a 0\n " CAL
	    "|calendar-data 0 17 []\n urn:ietf:params:xml:ns:carddav|address-data 0 5 []\n"
	    " DAV:|calendar-data 0 4 [kept]\n");
}

static void test_an_error_body(void **state)
{
	(void)state;
	check("<D:error xmlns:D='DAV:' xmlns:C='" CAL
	      "'><C:no-uid-conflict><D:href>/a</D:href></C:no-uid-conflict>"
	      "<D:lock-token-submitted/></D:error>",
	    "root DAV:|error whole\nxmlns DAV:\nxmlns " CAL "\nerror " CAL "|no-uid-conflict\n"
	    "error DAV:|lock-token-submitted\n");
}

/* ---- requests ---- */

static void test_requests(void **state)
{
	(void)state;
	check("<propfind xmlns='DAV:'><prop><getetag/><r:resourcetag xmlns:r='" REPL
	      "'/></prop></propfind>",
	    "root DAV:|propfind whole\nxmlns DAV:\n DAV:|getetag 0 0 []\n " REPL
	    "|resourcetag 0 0 []\n");
	check("<propfind xmlns='DAV:'><allprop/><include><b/></include></propfind>",
	    "root DAV:|propfind whole\nxmlns DAV:\n DAV:|allprop 0 0 []\n DAV:|b 0 0 []\n");
	check("<propfind xmlns='DAV:'><propname/></propfind>",
	    "root DAV:|propfind whole\nxmlns DAV:\n DAV:|propname 0 0 []\n");
	check(
	    "<propertyupdate xmlns='DAV:'><target><href>/a</href><href>/b</href></target><set><prop><b>1</b></prop>"
	    "</set><remove><prop><c/></prop></remove></propertyupdate>",
	    "root DAV:|propertyupdate whole\nxmlns DAV:\nhref /a\nhref /b\n DAV:|b 0 1 [1]\n DAV:|c 0 0 []\n");
	check("<delete xmlns='DAV:'><target><href>/a</href></target></delete>",
	    "root DAV:|delete whole\nxmlns DAV:\nhref /a\n");
	check(
	    "<searchrequest xmlns='DAV:' xmlns:r='" REPL
	    "'><r:repl><r:collblob>AA==</r:collblob><r:resourcetaglist>"
	    "<r:resourcetag>rt:1</r:resourcetag></r:resourcetaglist></r:repl><sql>SELECT \"DAV:href\" FROM "
	    "SCOPE('SHALLOW TRAVERSAL OF \"/c\"') WHERE 1 &lt; 2</sql></searchrequest>",
	    "root DAV:|searchrequest whole\nxmlns DAV:\nxmlns " REPL
	    "\ntoken  level  collblob AA==\n"
	    " DAV:|sql 0 69 [SELECT \"DAV:href\" FROM SCOPE('SHALLOW TRAVERSAL OF \"/c\"') WHERE 1 < 2]\nasks filtered 0\n");
}

static void test_reports(void **state)
{
	(void)state;
	check(
	    "<C:calendar-multiget xmlns='DAV:' xmlns:C='" CAL
	    "'><prop><getetag/><C:calendar-data><C:comp name='V'>"
	    "<C:prop name='UID'/></C:comp></C:calendar-data></prop><href>/1</href><href> /2\n</href>"
	    "</C:calendar-multiget>",
	    "root " CAL "|calendar-multiget whole\nxmlns DAV:\nxmlns " CAL
	    "\nhref /1\nhref /2\n DAV:|getetag 0 0 []\n"
	    " " CAL "|calendar-data 0 0 []\nasks partial 0\n");
	check("<C:calendar-query xmlns='DAV:' xmlns:C='" CAL
	      "'><prop><getetag/></prop><C:filter><C:comp-filter>"
	      "<prop><no/></prop><href>/no</href></C:comp-filter></C:filter></C:calendar-query>",
	    "root " CAL "|calendar-query whole\nxmlns DAV:\nxmlns " CAL
	    "\n DAV:|getetag 0 0 []\nasks filtered 0\n");
	check(
	    "<sync-collection xmlns='DAV:'><sync-token>t1</sync-token><sync-level>1</sync-level><prop><getetag/></prop>"
	    "</sync-collection>",
	    "root DAV:|sync-collection whole\nxmlns DAV:\ntoken t1 level 1 collblob \n DAV:|getetag 0 0 []\n");
	check(
	    "<expand-property xmlns='DAV:'><property name='owner'><property name='no'/></property><property name='x'"
	    " namespace='urn:x'/></expand-property>",
	    "root DAV:|expand-property whole\nxmlns DAV:\n DAV:|owner 0 0 []\n urn:x|x 0 0 []\n");
	check(
	    "<principal-property-search xmlns='DAV:'><property-search><prop><no/></prop><match>x</match>"
	    "</property-search><prop><displayname/></prop></principal-property-search>",
	    "root DAV:|principal-property-search whole\nxmlns DAV:\n DAV:|displayname 0 0 []\n");
	check("<s:Envelope xmlns:s='urn:soap'><s:Body/></s:Envelope>",
	    "root urn:soap|Envelope whole\nxmlns urn:soap\n");
}

/* ---- not whole ---- */

static void test_what_was_ended_before_a_cut_stays(void **state)
{
	(void)state;
	struct slice whole = slice_from(
	    MULTI("<response><href>/a</href><propstat><prop><b>1</b></prop></propstat>"
		  "</response><response><href>/b</href></response>"));
	size_t first = slice_find(whole, SLICE("</response>")) + 11, second = whole.n - 14;
	for (size_t n = 0; n <= whole.n; n++) {
		const char *want = "";
		if (n >= second)
			want =
			    "root DAV:|multistatus\nxmlns DAV:\nresponse /a 0\n DAV:|b 0 1 [1]\nresponse /b 0\n";
		else if (n >= first)
			want =
			    "root DAV:|multistatus\nxmlns DAV:\nresponse /a 0\n DAV:|b 0 1 [1]\n";
		else if (n >= 26)
			want = "root DAV:|multistatus\nxmlns DAV:\n";
		check_job((struct job){ .in = slice_part(whole, 0, n), .cut = true }, want);
	}
	check("<propfind xmlns='DAV:'><prop><a/><b>1</a>",
	    "!xml.malformed\nroot DAV:|propfind\nxmlns DAV:\n DAV:|a 0 0 []\n");
	check(
	    MULTI(
		"<response><href>/a</href></response><response><href>/b</href><propstat><prop><c/>") "x",
	    "!xml.malformed\nroot DAV:|multistatus\nxmlns DAV:\nresponse /a 0\n");
}

static void test_only_the_root_when_that_is_asked(void **state)
{
	(void)state;
	check_job((struct job){ .in = SLICE(MULTI("<response/><no>")), .root_only = true },
	    "root DAV:|multistatus\nxmlns DAV:\n");
	check_job((struct job){ .in = SLICE("<a/>"), .root_only = true }, "root |a\n");
	check_job((struct job){ .in = SLICE("<!-- -->"), .root_only = true }, "!xml.malformed\n");
}

static void test_limits_leave_what_fits(void **state)
{
	(void)state;
	struct slice in = SLICE(
	    MULTI("<response><href>/1</href><href>/2</href></response><response><href>/3</href>"
		  "</response><response><href>/4</href></response><sync-token>t</sync-token>"));
	check_job((struct job){ .in = in, .limit = "items=3" },
	    "!xml.limit\nroot DAV:|multistatus\nxmlns DAV:\ntoken t level  collblob \nresponse /1 0\nresponse /2 0\n"
	    "response /3 0\nseen 4\n");
	check_job((struct job){ .in = in, .limit = "items=1" },
	    "!xml.limit\n!xml.limit\n!xml.limit\nroot DAV:|multistatus\nxmlns DAV:\ntoken t level  collblob \n"
	    "response /1 0\nseen 4\n");
	in = SLICE(MULTI(
	    "<response><href>/long</href><propstat><prop><b>12345</b><c>1234\xc3\xa4</c></prop></propstat>"
	    "</response>"));
	check_job((struct job){ .in = in, .limit = "prop_value=5" },
	    MULTI_ROOT "response /long 0\n DAV:|b 0 5 [12345]\n DAV:|c 0 6 [1234]\n");
	check_job((struct job){ .in = in, .limit = "target=4" },
	    "root DAV:|multistatus\nxmlns DAV:\nresponse /lon 0\n DAV:|b 0 5 [12345]\n DAV:|c 0 6 [1234\xc3\xa4]\n");
}

/* More names than the cache has slots, several namespaces. */
static void test_many_responses_and_names(void **state)
{
	(void)state;
	char *in = malloc(200000), *want = malloc(65536);
	size_t n = (size_t)snprintf(in, 200000, "<multistatus xmlns='DAV:'>");
	size_t w = (size_t)snprintf(want, 65536, MULTI_ROOT);
	for (int i = 0; i < 100; i++) {
		n += (size_t)snprintf(in + n, 200000 - n,
		    "<response><href>/%d</href><propstat><prop>", i);
		w += (size_t)snprintf(want + w, 65536 - w, "response /%d 0\n", i);
		for (int k = 0; k < 4; k++) {
			int ns = (4 * i + k) % 23;
			n += (size_t)snprintf(in + n, 200000 - n, "<p%d xmlns='u%d'>%d</p%d>",
			    i * 4 + k, ns, k, i * 4 + k);
			w += (size_t)snprintf(want + w, 65536 - w, " u%d|p%d 200 1 [%d]\n", ns,
			    i * 4 + k, k);
		}
		n += (size_t)snprintf(in + n, 200000 - n,
		    "</prop><status>HTTP/1.1 200 OK</status></propstat></response>");
	}
	n += (size_t)snprintf(in + n, 200000 - n, "</multistatus>");
	check_job((struct job){ .in = { (const uint8_t *)in, n } }, want);
	free(in);
	free(want);
}

static size_t length_without_count(const char *text)
{
	const char *count = strstr(text, "seen ");
	return count != NULL ? (size_t)(count - text) : strlen(text);
}

/* Whatever the budget: what is there is a beginning of the whole, and it says that it is not whole. */
static void test_every_budget_gives_a_beginning(void **state)
{
	(void)state;
	char *in = malloc(30000);
	size_t n = (size_t)snprintf(in, 30000, "<multistatus xmlns='DAV:' xmlns:C='" CAL "'>");
	for (int i = 0; i < 70; i++)
		n += (size_t)snprintf(in + n, 30000 - n,
		    "<response><href>/cal/%d</href><propstat><prop><getetag>\"%d\""
		    "</getetag><C:calendar-data>%d</C:calendar-data></prop></propstat></response>",
		    i, i, i);
	n += (size_t)snprintf(in + n, 30000 - n, "<sync-token>t</sync-token></multistatus>");
	struct job job = { .in = { (const uint8_t *)in, n } };
	struct feeder f = feeder_new(n);
	struct record *whole = run_way(job, &f, WHOLE);
	const char *first = strstr(whole->text, "response ");
	size_t refused = 0;
	for (job.budget = 200; job.budget < 90000; job.budget += job.budget < 24000 ? 50 : 500) {
		struct record *r = run_way(job, &f, FIRST_SEED);
		const char *mine = strstr(r->text, "response ");
		if (mine != NULL)
			assert_memory_equal(mine, first, length_without_count(mine));
		bool is_whole = strcmp(r->text, whole->text) == 0;
		refused += !is_whole;
		assert_true(is_whole || strstr(r->text, "whole\n") == NULL);
		assert_true(
		    is_whole || r->n == 0 || strncmp(r->text, "!http.txn-limit\n", 16) == 0);
		free(r);
	}
	assert_true(refused > 300);
	free(whole);
	free(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_multistatus_is_read),
		cmocka_unit_test(test_the_prefix_does_not_matter),
		cmocka_unit_test(test_the_answer_to_an_exchange_search),
		cmocka_unit_test(test_odd_answers),
		cmocka_unit_test(test_status_lines),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_whole_objects_are_counted_not_kept),
		cmocka_unit_test(test_an_error_body),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_reports),
		cmocka_unit_test(test_what_was_ended_before_a_cut_stays),
		cmocka_unit_test(test_only_the_root_when_that_is_asked),
		cmocka_unit_test(test_limits_leave_what_fits),
		cmocka_unit_test(test_many_responses_and_names),
		cmocka_unit_test(test_every_budget_gives_a_beginning),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
