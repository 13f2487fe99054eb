/*
 * test_checksum.c - which checksums are right, wrong, left to a network card, or not to be known; and what is read
 * with each setting.
 */
#include "capture/capture.h"
#include "decode/checksum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum {
	LINKTYPE_RAW = 101,
	IP4 = 20,
	IP6 = 40,
	PAYLOAD = 37,
	FIELD_IP = 10,
	FIELD_TCP = 16,
	FIELD_UDP = 6
};
enum { PORT_DNS = 53, PORT_VXLAN = 4789 };

/* A packet as it is built; `upper` is where TCP or UDP begins. */
struct made {
	uint8_t bytes[512];
	size_t n, upper, cut;
	enum anomaly_code said;
};

static void put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void note(void *ctx, const struct anomaly *a)
{
	*(enum anomaly_code *)ctx = a->code;
}

static void made_addresses(struct made *m, unsigned family, uint8_t protocol, size_t length)
{
	if (family == 4) {
		m->bytes[0] = 0x45;
		put16(m->bytes + 2, IP4 + length);
		m->bytes[8] = 64;
		m->bytes[9] = protocol;
		put16(m->bytes + FIELD_IP, 0);
		memcpy(m->bytes + 12, (uint8_t[]){ 192, 0, 2, 1, 198, 51, 100, 2 }, 8);
		put16(m->bytes + FIELD_IP, (uint16_t)~sum_add(0, m->bytes, IP4));
	} else {
		m->bytes[0] = 0x60;
		put16(m->bytes + 4, length);
		m->bytes[6] = protocol;
		m->bytes[7] = 64;
		m->bytes[8] = m->bytes[24] = 0xfd;
		m->bytes[23] = 1;
		m->bytes[39] = 2;
	}
}

/* Of the pseudo-header, without the length. */
static uint16_t made_pseudo(const struct made *m, uint8_t protocol)
{
	bool four = m->bytes[0] >> 4 == 4;
	uint8_t word[2] = { 0, protocol };
	uint16_t sum = sum_add(0, m->bytes + (four ? 12 : 8), four ? 8 : 32);
	return sum_add(sum, word, 2);
}

static uint16_t plus(uint16_t sum, size_t length)
{
	uint8_t word[2];
	put16(word, length);
	return sum_add(sum, word, 2);
}

static struct made made_packet(unsigned family, uint8_t protocol, uint16_t port)
{
	struct made m = { .upper = family == 4 ? IP4 : IP6 };
	size_t header = protocol == PROTOCOL_TCP ? 20 : 8, length = header + PAYLOAD;
	uint8_t *p = m.bytes + m.upper;
	made_addresses(&m, family, protocol, length);
	put16(p, 40000);
	put16(p + 2, port);
	if (protocol == PROTOCOL_TCP)
		p[12] = 5 << 4;
	else
		put16(p + 4, length);
	for (size_t i = 0; i < PAYLOAD; i++)
		p[header + i] = (uint8_t)(i * 7);
	m.n = m.upper + length;
	uint16_t sum = plus(made_pseudo(&m, protocol), length);
	put16(p + (protocol == PROTOCOL_TCP ? FIELD_TCP : FIELD_UDP),
	    (uint16_t)~sum_add(sum, p, length));
	return m;
}

/* True: it was read as a segment, whose checksum is *sum. */
static bool made_read(struct made *m, enum checksums mode, enum checksum *sum)
{
	struct limits l = limits_default();
	struct error e;
	struct segment s;
	m->said = ANOMALY_CODES;
	struct net *n = net_new(&l, mode, hash_key_from(1), (struct net_sink){ note, &m->said },
	    &e);
	assert_non_null(n);
	struct packet p = { .at = { .frame = 1 },
		.linktype = LINKTYPE_RAW,
		.wire_len = (uint32_t)m->n,
		.bytes = { m->bytes, m->n - m->cut } };
	bool read = net_packet(n, &p, &s);
	*sum = read ? checksum_of(&s) : CHECKSUM_UNKNOWN;
	net_free(n);
	return read;
}

static void assert_made(struct made *m, enum checksums mode, enum checksum expected)
{
	enum checksum sum;
	assert_true(made_read(m, mode, &sum));
	assert_int_equal(sum, expected);
	assert_int_equal(m->said, ANOMALY_CODES);
}

static void refused(struct made *m, enum anomaly_code why)
{
	enum checksum sum;
	assert_false(made_read(m, CHECKSUMS_ON, &sum));
	assert_int_equal(m->said, why);
}

static void each_kind_in_each_mode(void **state)
{
	(void)state;
	for (unsigned family = 4; family <= 6; family += 2) {
		struct made m = made_packet(family, PROTOCOL_TCP, 80);
		uint8_t *field = m.bytes + m.upper + FIELD_TCP;
		size_t length = m.n - m.upper;
		uint16_t pseudo = made_pseudo(&m, PROTOCOL_TCP);
		const uint16_t left[] = { 0, pseudo, plus(pseudo, length) };
		assert_made(&m, CHECKSUMS_AUTO, CHECKSUM_RIGHT);
		assert_made(&m, CHECKSUMS_ON, CHECKSUM_UNKNOWN);
		field[0] ^= 0x55;
		assert_made(&m, CHECKSUMS_AUTO, CHECKSUM_WRONG);
		assert_made(&m, CHECKSUMS_OFF, CHECKSUM_UNKNOWN);
		refused(&m, TCP_CHECKSUM);
		for (size_t i = 0; i < 3; i++) {
			put16(field, left[i]);
			assert_made(&m, CHECKSUMS_AUTO, CHECKSUM_LEFT);
			refused(&m, TCP_CHECKSUM);
		}
	}
}

/* One bit anywhere in what it covers. */
static void every_bit_counts(void **state)
{
	(void)state;
	struct made m = made_packet(4, PROTOCOL_TCP, 80);
	for (size_t bit = m.upper * 8; bit < m.n * 8; bit++) {
		size_t at = bit / 8;
		bool offset = at == m.upper + 12;
		if (offset) /* where the header ends: another question */
			continue;
		m.bytes[at] ^= (uint8_t)(1u << bit % 8);
		assert_made(&m, CHECKSUMS_AUTO, CHECKSUM_WRONG);
		m.bytes[at] ^= (uint8_t)(1u << bit % 8);
	}
}

static void what_cannot_be_known(void **state)
{
	(void)state;
	struct made cut = made_packet(4, PROTOCOL_TCP, 80);
	cut.bytes[cut.upper + FIELD_TCP] ^= 1;
	cut.cut = 1;
	assert_made(&cut, CHECKSUMS_AUTO, CHECKSUM_UNKNOWN);
	assert_made(&cut, CHECKSUMS_ON, CHECKSUM_UNKNOWN);
	struct made large = made_packet(4, PROTOCOL_TCP, 80);
	put16(large.bytes + 2, 0);
	assert_made(&large, CHECKSUMS_AUTO, CHECKSUM_UNKNOWN);
	/* Through a routing header the packet is on its way to somebody else. */
	struct made routed = made_packet(6, PROTOCOL_TCP, 80);
	memmove(routed.bytes + IP6 + 8, routed.bytes + IP6, routed.n - IP6);
	memset(routed.bytes + IP6, 0, 8);
	routed.bytes[6] = 43;
	routed.bytes[IP6] = PROTOCOL_TCP;
	routed.n += 8;
	put16(routed.bytes + 4, routed.n - IP6);
	assert_made(&routed, CHECKSUMS_AUTO, CHECKSUM_UNKNOWN);
}

static void headers_count_when_asked(void **state)
{
	(void)state;
	struct made m = made_packet(4, PROTOCOL_TCP, 80);
	m.bytes[FIELD_IP] ^= 1;
	assert_made(&m, CHECKSUMS_AUTO, CHECKSUM_RIGHT);
	refused(&m, IP_CHECKSUM);
}

/* Only around tunnels, and 0 is none. */
static void datagrams_of_tunnels(void **state)
{
	(void)state;
	enum checksum sum;
	struct made dns = made_packet(4, PROTOCOL_UDP, PORT_DNS),
		    vxlan = made_packet(4, PROTOCOL_UDP, PORT_VXLAN);
	dns.bytes[dns.upper + FIELD_UDP] ^= 1;
	vxlan.bytes[vxlan.upper + FIELD_UDP] ^= 1;
	assert_false(made_read(&dns, CHECKSUMS_ON, &sum));
	assert_int_equal(dns.said, ANOMALY_CODES);
	refused(&vxlan, UDP_CHECKSUM);
	put16(vxlan.bytes + vxlan.upper + FIELD_UDP, 0);
	assert_false(made_read(&vxlan, CHECKSUMS_ON, &sum));
	assert_int_not_equal(vxlan.said, UDP_CHECKSUM);
}

/* IP may carry more than UDP says that it is: the rest is no part of it. */
static void what_udp_says_is_summed(void **state)
{
	(void)state;
	enum checksum sum;
	for (unsigned family = 4; family <= 6; family += 2) {
		struct made m = made_packet(family, PROTOCOL_UDP, PORT_VXLAN);
		uint8_t *length = m.bytes + m.upper + 4;
		made_addresses(&m, family, PROTOCOL_UDP, m.n - m.upper + 3);
		memset(m.bytes + m.n, 0x5a, 3);
		m.n += 3;
		assert_false(made_read(&m, CHECKSUMS_ON, &sum));
		assert_int_not_equal(m.said, UDP_CHECKSUM);
		m.bytes[m.n - 4] ^= 1;
		refused(&m, UDP_CHECKSUM);
		m.bytes[m.n - 4] ^= 1;
		put16(length, m.n - m.upper + 1);
		refused(&m, UDP_CHECKSUM);
		put16(length, 7);
		refused(&m, UDP_CHECKSUM);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_in_each_mode),
		cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(what_cannot_be_known),
		cmocka_unit_test(headers_count_when_asked),
		cmocka_unit_test(datagrams_of_tunnels),
		cmocka_unit_test(what_udp_says_is_summed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
