/*
 * test_peer.c - analysis/peer.c: which client instance sends a request, and for which device.
 */
#include "tests/unit/scenekit.h"

static struct scene scene;
static struct peers *peers;

static int open_scene(void **state)
{
	(void)state;
	scene_open(&scene, FLAVOUR_CALDAV);
	peers = peers_new(&scene.limits);
	return 0;
}

static int close_scene(void **state)
{
	(void)state;
	peers_free(peers);
	scene_close(&scene);
	return 0;
}

struct who {
	uint64_t peer;
	char name[200], device[80];
};

static void text_out(char *out, size_t room, struct slice s)
{
	size_t n = s.n < room - 1 ? s.n : room - 1;
	if (n != 0)
		memcpy(out, s.p, n);
	out[n] = '\0';
}

/* Takes the transaction. */
static struct who judge(struct txn *t, const struct sync_facts *sync)
{
	struct facts facts = { .flavour = scene.flavour };
	struct who who = { 0 };
	struct op op = { .txn = t, .facts = &facts };
	op.at.path = path_canonical(t->req.target, t->arena);
	op.mailbox = path_mailbox(op.at.path);
	peers_judge(peers, &op, sync);
	assert_true(op.peer != 0);
	who.peer = op.peer;
	text_out(who.name, sizeof(who.name), op.peer_name);
	text_out(who.device, sizeof(who.device), op.device);
	txn_free(t);
	return who;
}

static struct txn *get(void)
{
	return begin(&scene, "GET", "/cal/a.ics", 200);
}

static struct who now(void)
{
	return judge(get(), NULL);
}

static void by_address_and_product(void **state)
{
	(void)state;
	struct who a = now();
	assert_string_equal(a.name, "Client/1.0");
	scene.client.port = 40001;
	scene.agent = "Client/1.0 (other words)";
	assert_true(now().peer == a.peer);
	scene.agent = "Client/2.0";
	assert_true(now().peer != a.peer);
	scene.agent = "Client/1.0";
	scene.client.address[3] = 9;
	assert_true(now().peer != a.peer);
	scene.client.address[3] = 1;
	scene.client.family = 6;
	assert_true(now().peer != a.peer);
	scene.client.family = 4;
	scene.agent = NULL;
	assert_string_equal(now().name, "");
}

static void by_login(void **state)
{
	(void)state;
	scene.user = "Anna";
	struct who a = now();
	assert_string_equal(a.name, "Anna with Client/1.0");
	scene.flow = 2;
	scene.user = "anna";
	scene.client.address[3] = 9; /* a phone has many addresses */
	assert_true(now().peer == a.peer);
	scene.agent = "Other/1";
	assert_true(now().peer != a.peer);
	scene.agent = "Client/1.0";
	scene.user = "bob";
	assert_true(now().peer != a.peer);
}

static struct txn *bearer(uint64_t credential)
{
	struct txn *t = get();
	t->auth_scheme = keep(t, "Bearer");
	req_header(t, "Authorization", "<cred Bearer>");
	t->req.headers[t->req.n_headers - 1].credential = credential;
	return t;
}

static void by_token(void **state)
{
	(void)state;
	struct who a = judge(bearer(5), NULL);
	assert_string_equal(a.name, "Client/1.0");
	scene.flow = 2;
	scene.client.address[3] = 9;
	assert_true(judge(bearer(5), NULL).peer == a.peer);
	assert_true(judge(bearer(6), NULL).peer != a.peer);
}

/* Who is logged in on a connection says so once, and stays who it was. */
static void login_of_a_connection(void **state)
{
	(void)state;
	scene.user = "anna";
	struct who a = now();
	scene.user = NULL;
	assert_true(now().peer == a.peer);
	scene.flow = 2;
	assert_true(now().peer != a.peer);
	scene.flow = 1;
	assert_true(now().peer == a.peer);
}

/* The connections of a proxy carry many clients: there each request speaks for itself. */
static void connections_of_a_proxy(void **state)
{
	(void)state;
	scene.user = "anna";
	struct txn *t = get();
	req_header(t, "X-Forwarded-For", "192.0.2.1");
	struct who a = judge(t, NULL);
	scene.user = NULL;
	t = get();
	req_header(t, "X-Forwarded-For", "192.0.2.9");
	struct who b = judge(t, NULL);
	assert_true(b.peer != a.peer);
	assert_string_equal(b.name, "192.0.2.9 with Client/1.0");
}

static void by_forwarded_address(void **state)
{
	(void)state;
	struct txn *t = get();
	req_header(t, "X-Forwarded-For", "192.0.2.1, 10.0.0.1");
	struct who a = judge(t, NULL);
	assert_string_equal(a.name, "192.0.2.1 with Client/1.0");
	scene.client.address[3] = 77;
	t = get();
	req_header(t, "X-Forwarded-For", " 192.0.2.1");
	assert_true(judge(t, NULL).peer == a.peer);
	t = get();
	req_header(t, "X-Forwarded-For", "192.0.2.2");
	assert_true(judge(t, NULL).peer != a.peer);
	t = get();
	req_header(t, "X-Forwarded-For", "");
	assert_true(judge(t, NULL).peer == now().peer);
}

/* Some hops say the port as well, and each connection has another. */
static void addresses(void **state)
{
	static const struct {
		const char *said, *bare;
	} cases[] = { { "192.0.2.1", "192.0.2.1" }, { " 192.0.2.1:4711 ", "192.0.2.1" },
		{ "[2001:db8::1]:4711", "2001:db8::1" }, { "[2001:db8::1", "2001:db8::1" },
		{ "2001:db8::1", "2001:db8::1" }, { "::ffff:192.0.2.1", "::ffff:192.0.2.1" },
		{ "unknown", "unknown" }, { "[", "" }, { "", "" } };
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(slice_is(address_bare(slice_from(cases[i].said)), cases[i].bare));
}

static void by_device(void **state)
{
	(void)state;
	struct sync_facts sync = { .user = SLICE("anna"), .device_id = SLICE("APPL1") };
	struct who a = judge(get(), &sync);
	assert_string_equal(a.name, "anna with Client/1.0");
	assert_string_equal(a.device, "APPL1");
	scene.agent = "Client/2.0"; /* after an update of the system */
	scene.client.address[3] = 9;
	sync.device_id = SLICE("appl1");
	assert_true(judge(get(), &sync).peer == a.peer);
	sync.device_id = SLICE("APPL2");
	assert_true(judge(get(), &sync).peer != a.peer);
	sync.device_id = (struct slice){ 0 };
	assert_true(judge(get(), &sync).peer != a.peer);
}

/* ---- a front end of Exchange ---- */

static struct who front_end(const char *target)
{
	scene.flavour = FLAVOUR_EXCHANGE;
	scene.agent = "Microsoft-Server-ActiveSync/6.5.7638.1";
	return judge(begin(&scene, "GET", target, 200), NULL);
}

#define STATE "/NON_IPM_SUBTREE/Microsoft-Server-ActiveSync/iPad/ApplGB02/"

static void devices_of_a_front_end(void **state)
{
	(void)state;
	struct who a = front_end("/exchange/Anna/Calendar/Tea.EML");
	assert_string_equal(a.device, "");
	assert_string_equal(a.name, "Anna with Microsoft-Server-ActiveSync/6.5.7638.1");
	assert_string_equal(front_end("/exchange/Anna" STATE "AutdState.xml").device, "ApplGB02");
	struct who b = front_end("/exchange/anna/Calendar/Tea.EML");
	assert_string_equal(b.device, "ApplGB02");
	assert_true(b.peer == a.peer);
	struct who bob = front_end("/exchange/bob/Calendar/Tea.EML");
	assert_string_equal(bob.device, "");
	assert_true(bob.peer != a.peer);
	scene.client.address[3] = 9; /* another front end */
	assert_string_equal(front_end("/exchange/anna/Calendar/Tea.EML").device, "");
	assert_true(front_end("/exchange/anna/Calendar/Tea.EML").peer != a.peer);
}

/* What is no front end has no device, whatever folders it reads. */
static void devices_of_others(void **state)
{
	(void)state;
	front_end("/exchange/anna" STATE "AutdState.xml");
	scene.agent = "Outlook/11";
	struct who a = judge(begin(&scene, "GET", "/exchange/anna/Calendar/Tea.EML", 200), NULL);
	assert_string_equal(a.device, "");
}

static void long_names(void **state)
{
	static char text[3000];
	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	scene.user = text;
	scene.agent = text;
	struct who a = now();
	assert_int_equal(strlen(a.name), 160);
	struct sync_facts sync = { .user = slice_from(text), .device_id = slice_from(text) };
	judge(get(), &sync);
	scene.flow = 3;
	front_end("/exchange/anna" STATE "x");
}

static void no_room(void **state)
{
	(void)state;
	scene.user = "anna";
	struct txn *t = get();
	arena_limit(t->arena, 0);
	while (arena_alloc(t->arena, 16) != NULL)
		continue;
	struct facts facts = { .flavour = FLAVOUR_CALDAV };
	struct op op = { .txn = t, .facts = &facts };
	peers_judge(peers, &op, NULL);
	assert_true(op.peer != 0);
	assert_int_equal(op.peer_name.n, 0);
	txn_free(t);
}

int main(void)
{
#define SCENE_TEST(name) cmocka_unit_test_setup_teardown(name, open_scene, close_scene)
	const struct CMUnitTest tests[] = {
		SCENE_TEST(by_address_and_product),
		SCENE_TEST(by_login),
		SCENE_TEST(by_token),
		SCENE_TEST(login_of_a_connection),
		SCENE_TEST(connections_of_a_proxy),
		SCENE_TEST(by_forwarded_address),
		SCENE_TEST(addresses),
		SCENE_TEST(by_device),
		SCENE_TEST(devices_of_a_front_end),
		SCENE_TEST(devices_of_others),
		SCENE_TEST(long_names),
		SCENE_TEST(no_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
