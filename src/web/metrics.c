/* /metrics: what docs/monitoring.md lists. Base units, counters end in _total; a metric of which nothing is
 * known is left out. */
#include <string.h>

#include "status/blocks.h"
#include "status/verdict.h"
#include "prometheus.h"
#include "views.h"

#define LABELS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_LABELS   ((const char *const[]){NULL})

static void add_health(struct text *t, const struct status *s, int64_t now_ms)
{
	struct verdict v;
	const struct system_record *system = &s->system;
	verdict_of(&v, s, now_ms);
	metric_begin(t, "build_info", METRIC_GAUGE, "What runs here; always 1.");
	metric_sample(t, "build_info", 1, 1,
		LABELS("appliance", system->appliance, "version", system->version, "arch", system->arch,
			"kernel", system->kernel));
	metric_number(t, "healthy", METRIC_GAUGE,
		"Whether the appliance does its job: 1 when /healthz answers 200.", v.ready);
	metric_number(t, "attention", METRIC_GAUGE,
		"Whether somebody should look: 1 when the verdict is not all good.", v.tone != TONE_GOOD);
}

static void add_system(struct text *t, const struct system_record *s)
{
	if (s->status != RECORD_READ)
		return;
	metric_number(t, "uptime_seconds", METRIC_GAUGE, "Seconds since the kernel started.", s->uptime_s);
	metric_number(
		t, "memory_total_bytes", METRIC_GAUGE, "MemTotal of the kernel.", s->memory_total_bytes);
	metric_number(t, "memory_available_bytes", METRIC_GAUGE, "MemAvailable of the kernel.",
		s->memory_available_bytes);
	metric_number(t, "settings_refused", METRIC_GAUGE, "Settings that were not taken.", s->settings_refused);
	metric_number(
		t, "clock_seconds", METRIC_GAUGE, "The clock, seconds since 1970 UTC.", s->clock_unix_s);
	metric_number(t, "clock_synchronised", METRIC_GAUGE, "Whether a time server keeps the clock.",
		strcmp(s->clock_ntp, "synchronised") == 0);
	if (!s->offset_told)
		return;
	metric_begin(
		t, "clock_offset_seconds", METRIC_GAUGE, "How far off the clock was when it was last told.");
	metric_sample(t, "clock_offset_seconds", s->offset_us, 1000000, NO_LABELS);
}

/* Calls SAMPLE for the service and for each program whose record can be read. */
static void each_child(struct text *t, const struct status *s,
	void (*sample)(struct text *t, const struct child_record *c, int64_t now_ms), int64_t now_ms)
{
	if (s->service.status == RECORD_READ)
		sample(t, &s->service, now_ms);
	for (unsigned i = 0; i < s->child_count && i < CHILDREN_MAX; i++)
		if (s->children[i].status == RECORD_READ)
			sample(t, &s->children[i], now_ms);
}

static void sample_running(struct text *t, const struct child_record *c, int64_t now_ms)
{
	(void)now_ms;
	metric_sample(t, "program_running", c->phase == PHASE_RUNNING, 1, LABELS("name", c->name));
}

static void sample_restarts(struct text *t, const struct child_record *c, int64_t now_ms)
{
	(void)now_ms;
	metric_sample(t, "program_restarts_total", c->restarts, 1, LABELS("name", c->name));
}

static void sample_since(struct text *t, const struct child_record *c, int64_t now_ms)
{
	if (c->since_ms >= 0 && c->since_ms <= now_ms)
		metric_sample(t, "program_state_seconds", now_ms - c->since_ms, 1000,
			LABELS("name", c->name, "state", c->state));
}

static void add_ports(struct text *t, const struct ports_record *s)
{
	metric_begin(t, "service_port_listening", METRIC_GAUGE,
		"Whether the network can reach a port of the service; without a look yet there is no "
		"sample.");
	for (unsigned i = 0; i < s->count; i++)
		if (s->ports[i].state[0] != '\0')
			metric_sample(t, "service_port_listening", !port_flawed(&s->ports[i]), 1,
				LABELS("port", s->ports[i].port));
}

static void add_programs(struct text *t, const struct status *s, int64_t now_ms)
{
	metric_number(t, "service_up", METRIC_GAUGE, "Whether the service runs.",
		s->service.phase == PHASE_RUNNING);
	add_ports(t, &s->ports);
	metric_begin(t, "program_running", METRIC_GAUGE, "Whether a program of the appliance runs.");
	each_child(t, s, sample_running, now_ms);
	metric_begin(t, "program_restarts_total", METRIC_COUNTER, "How often it was started anew.");
	each_child(t, s, sample_restarts, now_ms);
	metric_begin(t, "program_state_seconds", METRIC_GAUGE, "How long it has been in its state.");
	each_child(t, s, sample_since, now_ms);
}

/* FNV-1a, 64 bits, over the bytes of S and its end. */
static uint64_t hash(uint64_t value, const char *s)
{
	do
		value = (value ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
	while (*s++ != '\0');
	return value;
}

/* Each name is a time series that Prometheus keeps. A runaway service or DNS may bring a new one in each
 * record: only the first NAMES_MAX since the start are exported. */
static bool is_told(const struct upstream_record *u)
{
	enum { NAMES_MAX = 256 };
	static uint64_t names[NAMES_MAX];
	static size_t count;
	uint64_t name = hash(hash(UINT64_C(0xcbf29ce484222325), u->endpoint), u->source);
	for (size_t i = 0; i < count; i++)
		if (names[i] == name)
			return true;
	if (count == NAMES_MAX)
		return false;
	names[count++] = name;
	return true;
}

/* One metric of each upstream; a negative value is left out. */
static void add_upstreams(struct text *t, const struct relay_record *r)
{
	metric_begin(t, "relay_upstream_up", METRIC_GAUGE,
		"Whether the last connection to an upstream was made; "
		"without a try yet there is no sample.");
	for (unsigned i = 0; i < r->upstream_count && i < UPSTREAMS_MAX; i++) {
		const struct upstream_record *u = &r->upstreams[i];
		bool up = strcmp(u->state, "up") == 0;
		if ((up || strcmp(u->state, "down") == 0) && is_told(u))
			metric_sample(t, "relay_upstream_up", up, 1,
				LABELS("upstream", u->endpoint, "source", u->source));
	}
	metric_begin(t, "relay_upstream_connect_seconds", METRIC_GAUGE,
		"How long the last connection to an upstream took to be made.");
	for (unsigned i = 0; i < r->upstream_count && i < UPSTREAMS_MAX; i++) {
		const struct upstream_record *u = &r->upstreams[i];
		if (u->connect_us >= 0 && is_told(u))
			metric_sample(t, "relay_upstream_connect_seconds", u->connect_us, 1000000,
				LABELS("upstream", u->endpoint, "source", u->source));
	}
}

static void count_refusals(struct text *t, const struct relay_record *r)
{
	static const char refused[] = "refused_", closed[] = "closed_";
	metric_begin(t, "relay_refused_total", METRIC_COUNTER, "Clients that were refused, by reason.");
	for (unsigned i = 0; i < CLOSED_IDLE; i++)
		metric_sample(t, "relay_refused_total", r->refusals[i], 1,
			LABELS("reason", refusal_keys[i] + sizeof(refused) - 1));
	metric_begin(t, "relay_closed_total", METRIC_COUNTER, "Sessions that a limit ended, by reason.");
	for (unsigned i = CLOSED_IDLE; i < REFUSAL_COUNT; i++)
		metric_sample(t, "relay_closed_total", r->refusals[i], 1,
			LABELS("reason", refusal_keys[i] + sizeof(closed) - 1));
}

static void add_relay(struct text *t, const struct status *s)
{
	const struct relay_record *r = &s->relay;
	if (!relay_told(s))
		return;
	metric_number(t, "relay_ready", METRIC_GAUGE, "Whether the relay takes connections.",
		strcmp(r->state, "ready") == 0);
	metric_number(t, "relay_connections", METRIC_GAUGE, "Connections that are open.", r->connections_now);
	metric_number(t, "relay_connections_max", METRIC_GAUGE, "The limit of them.", r->connections_max);
	metric_number(t, "relay_connections_total", METRIC_COUNTER, "Connections that were let in.",
		r->connections_total);
	metric_number(t, "relay_connections_failed_total", METRIC_COUNTER,
		"Connections that were reset because no upstream answered.", r->connections_failed);
	count_refusals(t, r);
	metric_begin(t, "relay_bytes_total", METRIC_COUNTER, "Bytes that were passed on.");
	if (r->bytes_to_upstream >= 0)
		metric_sample(
			t, "relay_bytes_total", r->bytes_to_upstream, 1, LABELS("direction", "to_upstream"));
	if (r->bytes_to_client >= 0)
		metric_sample(
			t, "relay_bytes_total", r->bytes_to_client, 1, LABELS("direction", "to_client"));
	add_upstreams(t, r);
}

static void add_nic_states(struct text *t, const struct status *s, int64_t now_ms)
{
	unsigned count = s->nic_count < NICS_MAX ? s->nic_count : NICS_MAX;
	metric_begin(t, "nic_up", METRIC_GAUGE, "Whether a NIC has link.");
	for (unsigned i = 0; i < count; i++)
		metric_sample(t, "nic_up", s->nics[i].up, 1, LABELS("nic", s->nics[i].ifname));
	metric_begin(t, "nic_addresses", METRIC_GAUGE, "Addresses of a NIC that others can reach.");
	for (unsigned i = 0; i < count; i++) {
		const struct nic_record *n = &s->nics[i];
		int64_t usable = 0;
		for (unsigned k = 0; n->up && k < n->address_count && k < ADDRESSES_MAX; k++)
			usable += nic_address_usable(&n->addresses[k], now_ms);
		metric_sample(t, "nic_addresses", usable, 1, LABELS("nic", n->ifname));
	}
}

/* The number in COLUMN, from 0, of NIC's line in /proc/net/dev (net/core/net-procfs.c); -1: not there. */
static int64_t nic_counter(const char *lines, const char *nic, unsigned column)
{
	uint64_t number;
	for (const char *line = lines; *line != '\0';) {
		const char *at = line + strspn(line, " "), *end = strchr(line, '\n');
		size_t length = strlen(nic);
		if (strncmp(at, nic, length) == 0 && at[length] == ':') {
			at += length + 1;
			for (at += strspn(at, " "); column > 0; column--) {
				at += strcspn(at, " \n");
				at += strspn(at, " ");
			}
			return parse_number_n(at, strcspn(at, " \n"), 0, INT64_MAX, &number) ? (int64_t)number
											     : -1;
		}
		line = end == NULL ? line + strlen(line) : end + 1;
	}
	return -1;
}

static void add_nic_counters(struct text *t, const struct facts *f)
{
	static const struct {
		const char *name, *help;
		unsigned column;
	} counters[] = {
		{"nic_receive_bytes_total", "Bytes that a NIC has received.", 0},
		{"nic_receive_packets_total", "Packets that a NIC has received.", 1},
		{"nic_receive_errors_total", "Packets that came damaged.", 2},
		{"nic_receive_dropped_total", "Packets that came and were dropped.", 3},
		{"nic_transmit_bytes_total", "Bytes that a NIC has sent.", 8},
		{"nic_transmit_packets_total", "Packets that a NIC has sent.", 9},
		{"nic_transmit_errors_total", "Packets that could not be sent.", 10},
		{"nic_transmit_dropped_total", "Packets that were dropped before they were sent.", 11},
	};
	const struct status *s = &f->status;
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		metric_begin(t, counters[i].name, METRIC_COUNTER, counters[i].help);
		for (unsigned k = 0; k < s->nic_count && k < NICS_MAX; k++) {
			int64_t value = nic_counter(f->nic_counters, s->nics[k].ifname, counters[i].column);
			if (value >= 0)
				metric_sample(
					t, counters[i].name, value, 1, LABELS("nic", s->nics[k].ifname));
		}
	}
}

static void add_log(struct text *t, const struct status *s)
{
	const struct log_record *log = &s->log;
	const struct collector_record *c = &s->collector;
	if (log->status == RECORD_READ)
		metric_number(t, "log_lines_total", METRIC_COUNTER, "Lines of the log since boot.",
			log->lines_total);
	if (c->status != RECORD_READ)
		return;
	metric_number(t, "log_limited_total", METRIC_COUNTER,
		"Lines that were left out: their writers brought too many.", c->limited);
	metric_number(t, "syslog_up", METRIC_GAUGE,
		"Whether a collector takes the lines; 0 also when there is none.",
		strcmp(c->state, "sending") == 0);
	metric_number(
		t, "syslog_sent_total", METRIC_COUNTER, "Lines that were sent to the collector.", c->sent);
	metric_number(t, "syslog_lost_total", METRIC_COUNTER,
		"Lines that the collector did not take in time.", c->lost);
	metric_number(t, "syslog_queued", METRIC_GAUGE, "Lines that wait to be sent.", c->queued);
}

static void add_agent(struct text *t, const struct agent_record *a)
{
	if (a->status != RECORD_READ)
		return;
	metric_number(t, "agent_connected", METRIC_GAUGE, "Whether the hypervisor speaks with the agent.",
		strcmp(a->state, "connected") == 0);
	metric_number(t, "agent_requests_total", METRIC_COUNTER, "Requests of the hypervisor.", a->requests);
	metric_number(
		t, "agent_refused_total", METRIC_COUNTER, "Those of them that got an error.", a->refused);
}

static void add_web(struct text *t, const struct web_counts *w)
{
	metric_number(t, "web_requests_total", METRIC_COUNTER, "Requests that were answered here.",
		(int64_t)w->requests);
	metric_number(t, "web_connections", METRIC_GAUGE, "Connections to this page that are open.",
		w->connections);
	metric_begin(
		t, "web_refused_total", METRIC_COUNTER, "Clients of this page that were refused, by reason.");
	for (unsigned i = 0; i < WEB_REFUSAL_COUNT; i++)
		metric_sample(t, "web_refused_total", (int64_t)w->refused[i], 1,
			LABELS("reason", web_refusal_words[i]));
}

void metrics_write(struct answer *a, const struct facts *f, int64_t now_ms)
{
	const struct status *s = &f->status;
	struct text *t = &a->body;
	answer_begin(a, 200, "text/plain; version=0.0.4; charset=utf-8");
	add_health(t, s, now_ms);
	add_system(t, &s->system);
	add_programs(t, s, now_ms);
	add_relay(t, s);
	add_nic_states(t, s, now_ms);
	add_nic_counters(t, f);
	add_log(t, s);
	add_agent(t, &s->agent);
	add_web(t, &f->web);
}
