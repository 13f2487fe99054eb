/*
 * metrics_write.c - the counters as text for Prometheus (exposition format 0.0.4): each family once, with
 * HELP and TYPE in front of its samples, in an order that is always the same.
 */
#include "report/metrics.h"

#include <string.h>

struct family {
	struct out *out;
	const char *name;
};

static struct family family_begin(struct out *o, const char *name, const char *type,
    const char *help)
{
	out_text(o, "# HELP ");
	out_text(o, name);
	out_char(o, ' ');
	out_text(o, help);
	out_text(o, "\n# TYPE ");
	out_text(o, name);
	out_char(o, ' ');
	out_text(o, type);
	out_char(o, '\n');
	return (struct family){ o, name };
}

/* Labels as name, value, name, value; NULL at the end. */
static void sample_labels(struct out *o, const char *const *labels)
{
	for (size_t i = 0; labels[i] != NULL; i += 2) {
		out_char(o, i == 0 ? '{' : ',');
		out_text(o, labels[i]);
		out_char(o, '=');
		out_label(o, slice_from(labels[i + 1]));
	}
	if (labels[0] != NULL)
		out_char(o, '}');
	out_char(o, ' ');
}

#define LABELS(...) ((const char *const[]){ __VA_ARGS__, NULL })
static const char *const none[] = { NULL };

static void sample(struct family f, const char *const *labels, uint64_t value)
{
	out_text(f.out, f.name);
	sample_labels(f.out, labels);
	out_u64(f.out, value);
	out_char(f.out, '\n');
}

static void sample_seconds(struct family f, const char *suffix, const char *const *labels,
    uint64_t ns)
{
	out_text(f.out, f.name);
	out_text(f.out, suffix);
	sample_labels(f.out, labels);
	out_u64(f.out, ns / 1000000000);
	out_char(f.out, '.');
	out_digits(f.out, ns % 1000000000, 9);
	out_char(f.out, '\n');
}

/* A family of one sample. */
static void write_one(struct out *o, const char *name, const char *type, const char *help,
    uint64_t value)
{
	sample(family_begin(o, name, type, help), none, value);
}

/* ---- capture ---- */

static void write_interfaces(const struct metrics *m, struct out *o)
{
	static const struct {
		const char *name, *help;
	} families[INTERFACE_COUNTS] = {
		[INTERFACE_PACKETS] = { "davscope_capture_packets_total", "Packets read." },
		[INTERFACE_BYTES] = { "davscope_capture_bytes_total", "Bytes of packets read." },
		[INTERFACE_KERNEL_DROPS] = { "davscope_capture_kernel_drops_total",
		    "Packets lost because the buffer in the kernel was full." },
		[INTERFACE_DROPS] = { "davscope_capture_interface_drops_total",
		    "Packets lost by the interface or its driver." },
	};
	for (size_t i = 0; i < INTERFACE_COUNTS && m->n_interfaces != 0; i++) {
		struct family f = family_begin(o, families[i].name, "counter", families[i].help);
		for (size_t k = 0; k < m->n_interfaces; k++)
			sample(f, LABELS("interface", m->interfaces[k].name),
			    steady_value(&m->interfaces[k].counts[i]));
	}
}

static void write_ring(const struct metrics *m, struct out *o)
{
	static const char *const events
	    [] = { [RING_CLOSED] = "closed", [RING_DELETED] = "deleted", [RING_PINNED] = "pinned" };
	if (!m->has_ring)
		return;
	struct family f = family_begin(o, "davscope_capture_ring_files_total", "counter",
	    "Files of the capture ring.");
	for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
		sample(f, LABELS("event", events[i]), steady_value(&m->ring[i]));
	write_one(o, "davscope_capture_ring_lost_packets_total", "counter",
	    "Packets that were read and could not be written to the capture ring.",
	    steady_value(&m->ring[RING_LOST]));
}

/* ---- decode ---- */

/* "tcp.gap" is layer tcp, reason gap. */
static void write_anomalies(const struct metrics *m, struct out *o)
{
	struct family f = family_begin(o, "davscope_decode_errors_total", "counter",
	    "Odd or damaged input, by name; what was never seen is not listed.");
	for (size_t i = 0; i < ANOMALY_CODES; i++) {
		char layer[32];
		const char *name = anomaly_words[i], *dot = strchr(name, '.');
		size_t n = dot != NULL ? (size_t)(dot - name) : 0;
		if (m->anomalies[i] == 0 || dot == NULL || n >= sizeof layer)
			continue;
		memcpy(layer, name, n);
		layer[n] = '\0';
		sample(f, LABELS("layer", layer, "reason", dot + 1), m->anomalies[i]);
	}
}

struct anomaly_label {
	const char *value;
	enum anomaly_code codes[4];
	size_t n;
};

static void write_anomaly_family(const struct metrics *m, struct family f, const char *label,
    const struct anomaly_label *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t sum = 0;
		for (size_t k = 0; k < list[i].n; k++)
			sum += m->anomalies[list[i].codes[k]];
		sample(f, LABELS(label, list[i].value), sum);
	}
}

#define LIST(list) list, sizeof list / sizeof list[0]
static void write_datagrams(const struct metrics *m, struct out *o)
{
	static const struct anomaly_label results[] = {
		{ "evicted", { IP_FRAG_EVICTED }, 1 },
		{ "timeout", { IP_FRAG_TIMEOUT }, 1 },
		{ "oversize", { IP_FRAG_OVERSIZE }, 1 },
		{ "clipped", { IP_FRAG_CLIPPED }, 1 },
	};
	struct family f = family_begin(o, "davscope_ip_reassembly_total", "counter",
	    "Datagrams in fragments that did not become whole, by what became of them.");
	write_anomaly_family(m, f, "result", LIST(results));
	if (m->has_decoded)
		write_one(o, "davscope_ip_fragments_total", "counter", "Fragments of datagrams.",
		    steady_value(&m->decoded[DECODED_FRAGMENTS]));
}

static void write_flows(const struct metrics *m, struct out *o)
{
	static const struct anomaly_label reasons[] = {
		{ "limit", { FLOW_EVICTED_LIMIT }, 1 },
		{ "idle", { FLOW_TIMEOUT }, 1 },
	};
	uint64_t opened = steady_value(&m->decoded[DECODED_FLOWS]);
	if (m->has_decoded) {
		struct family f = family_begin(o, "davscope_tcp_sessions", "gauge",
		    "TCP connections that are followed now.");
		sample(f, LABELS("state", "open"),
		    opened > m->flows_ended ? opened - m->flows_ended : 0);
		write_one(o, "davscope_tcp_opened_total", "counter",
		    "TCP connections that were followed.", opened);
	}
	write_one(o, "davscope_tcp_gap_bytes_total", "counter",
	    "Bytes of TCP streams that were not captured.", m->gap_bytes);
	write_one(o, "davscope_tcp_overlap_conflicts_total", "counter",
	    "Retransmissions that carry other bytes than what they repeat.",
	    m->anomalies[TCP_CONFLICT]);
	struct family f = family_begin(o, "davscope_tcp_evictions_total", "counter",
	    "TCP connections that were given up before they ended.");
	write_anomaly_family(m, f, "reason", LIST(reasons));
}

static void write_bodies(const struct metrics *m, struct out *o)
{
	static const struct anomaly_label kinds[] = {
		{ "coding", { BODY_BAD_CODING, BODY_BOMB }, 2 },
		{ "xml", { XML_MALFORMED, XML_LIMIT, XML_DOCTYPE }, 3 },
		{ "wbxml", { WBXML_MALFORMED, WBXML_LIMIT }, 2 },
	};
	struct family f = family_begin(o, "davscope_body_decode_errors_total", "counter",
	    "Bodies that could not be read to their end.");
	write_anomaly_family(m, f, "kind", LIST(kinds));
}

static void write_decode(const struct metrics *m, struct out *o)
{
	if (m->has_decoded) {
		write_one(o, "davscope_decode_packets_total", "counter", "Packets decoded.",
		    steady_value(&m->decoded[DECODED_PACKETS]));
		write_one(o, "davscope_decode_bytes_total", "counter", "Bytes of packets decoded.",
		    steady_value(&m->decoded[DECODED_BYTES]));
		write_one(o, "davscope_decode_copies_total", "counter",
		    "Packets that were seen before, on another interface or link.",
		    steady_value(&m->decoded[DECODED_COPIES]));
	}
	write_anomalies(m, o);
	write_datagrams(m, o);
	write_flows(m, o);
	write_bodies(m, o);
}

/* ---- transactions ---- */

static void write_counts(const struct metrics *m, struct out *o)
{
	struct family f = family_begin(o, "davscope_transactions_total", "counter",
	    "HTTP requests with their answers, or the half that was seen.");
	for (size_t i = 0; i < METHOD_WORDS; i++)
		for (size_t k = 0; k < STATUS_CLASSES; k++)
			if (m->transactions[i][k] != 0)
				sample(f,
				    LABELS("method", metric_methods[i], "status_class",
					metric_classes[k]),
				    m->transactions[i][k]);
}

static void write_histogram(struct out *o, const char *name, const char *method,
    const struct durations *d)
{
	struct family buckets = { o, "davscope_transaction_duration_seconds_bucket" };
	struct family whole = { o, name },
		      count = { o, "davscope_transaction_duration_seconds_count" };
	uint64_t sum = 0;
	for (size_t i = 0; i < BUCKETS; i++) {
		sum += d->within[i];
		sample(buckets, LABELS("method", method, "le", metric_buckets[i].le), sum);
	}
	sample(buckets, LABELS("method", method, "le", "+Inf"), d->count);
	sample_seconds(whole, "_sum", LABELS("method", method), d->ns);
	sample(count, LABELS("method", method), d->count);
}

static void write_durations(const struct metrics *m, struct out *o)
{
	const char *name = "davscope_transaction_duration_seconds";
	family_begin(o, name, "histogram",
	    "From the first byte of a request to the last byte of its answer.");
	for (size_t i = 0; i < METHOD_WORDS; i++)
		if (m->durations[i].count != 0)
			write_histogram(o, name, metric_methods[i], &m->durations[i]);
}

static void write_transactions(const struct metrics *m, struct out *o)
{
	write_counts(m, o);
	write_durations(m, o);
	struct family f = family_begin(o, "davscope_unpaired_total", "counter",
	    "Requests whose answer was not seen, and answers whose request was not.");
	sample(f, LABELS("side", "request"), m->unpaired[0]);
	sample(f, LABELS("side", "response"), m->unpaired[1]);
}

/* ---- rules ---- */

static void write_rule_counts(const struct metrics *m, struct family f, enum rule_count count,
    const char *label, const char *value)
{
	for (size_t i = 0; i < m->n_rules; i++) {
		const struct rule_tally *t = &m->rules[i];
		const char *labels[] = { "rule", t->id, label, value, NULL };
		sample(f, labels, steady_value(&t->counts[count]));
	}
}

static void write_rule_keys(const struct metrics *m, struct out *o)
{
	struct family f = family_begin(o, "davscope_rule_state_keys", "gauge",
	    "Keys that a rule remembers now.");
	for (size_t i = 0; i < m->n_rules; i++)
		if (m->rules[i].loaded)
			sample(f, LABELS("rule", m->rules[i].id), m->rules[i].keys);
}

static void write_rule_families(const struct metrics *m, struct out *o)
{
	static const struct {
		enum rule_count count;
		const char *name, *help;
	} families[] = {
		{ RULE_MATCHES, "davscope_rule_matches_total",
		    "Events for which a rule's condition was true." },
		{ RULE_UNKNOWN, "davscope_rule_unknown_total",
		    "Events for which a rule's condition could not be decided." },
		{ RULE_EVICTED, "davscope_rule_state_evictions_total",
		    "Keys that a rule had to forget at a limit." },
	};
	for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
		write_rule_counts(m, family_begin(o, families[i].name, "counter", families[i].help),
		    families[i].count, NULL, NULL);
	write_rule_keys(m, o);
}

static void write_whys(const struct metrics *m, struct family f, enum rule_count first,
    const char *const why[3])
{
	for (unsigned i = 0; i < 3; i++)
		write_rule_counts(m, f, (enum rule_count)(first + i), "why", why[i]);
}

static void write_findings(const struct metrics *m, struct out *o)
{
	static const char *const kept_back[] = { "limit", "suppress", "except" };
	static const char *const open[] = { "eof", "loss", "unknown" };
	struct family f = family_begin(o, "davscope_findings_total", "counter",
	    "Findings, once under each severity that they come to.");
	for (size_t i = 0; i < m->n_rules; i++)
		for (size_t k = 0; k < SEVERITIES; k++)
			if (m->rules[i].severities & 1u << k)
				sample(f,
				    LABELS("rule", m->rules[i].id, "severity",
					severity_name((enum severity)k)),
				    m->rules[i].findings[k]);
	write_whys(m,
	    family_begin(o, "davscope_findings_suppressed_total", "counter",
		"Findings that a rule's own limit, a suppression or an exception kept back."),
	    RULE_LIMITED, kept_back);
	write_whys(m,
	    family_begin(o, "davscope_findings_inconclusive_total", "counter",
		"Findings that could be neither proven nor ruled out."),
	    RULE_EOF, open);
}

static void write_reload(const struct metrics *m, struct out *o)
{
	if (!m->has_reload)
		return;
	write_one(o, "davscope_rules_last_reload_successful", "gauge",
	    "Whether the rules were taken when they were read last.", m->reload_good);
	struct family f = family_begin(o, "davscope_rules_last_reload_timestamp_seconds", "gauge",
	    "When the rules in use were read.");
	sample_seconds(f, "", none, m->reload_ns > 0 ? (uint64_t)m->reload_ns : 0);
}

static void write_rules(const struct metrics *m, struct out *o)
{
	if (m->has_rules)
		write_one(o, "davscope_rules_loaded", "gauge", "Rules that are enabled.",
		    m->rules_loaded);
	write_reload(m, o);
	if (m->n_rules == 0)
		return;
	write_rule_families(m, o);
	write_findings(m, o);
}

/* ---- all ---- */

static void write_process(const struct metrics *m, struct out *o)
{
	sample(family_begin(o, "davscope_build_info", "gauge", "Which davscope this is."),
	    LABELS("version", DAVSCOPE_VERSION), 1);
	if (m->has_lag)
		sample_seconds(family_begin(o, "davscope_watermark_lag_seconds", "gauge",
				   "How far the analysis is behind the clock."),
		    "", none, (uint64_t)m->lag_ns);
}

void metrics_write(const struct metrics *m, struct out *o)
{
	write_process(m, o);
	write_interfaces(m, o);
	write_ring(m, o);
	write_decode(m, o);
	write_transactions(m, o);
	write_rules(m, o);
}
