/* /metrics: what metric_list.h lists. Base units, counters end in _total; a metric without a known value
 * is left out. */
#include <string.h>

#include "records/clock.h"
#include "status/blocks.h"
#include "status/verdict.h"
#include "metric_list.h"
#include "prometheus.h"
#include "views.h"

#define LABELS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_LABELS   ((const char *const[]){NULL})

/* A number of a record. */
struct record_metric {
	const char *name, *help;
	uint16_t offset;
	enum metric_type type;
};

#define ROW(key, type, name, help) {name, help, offsetof(RECORD, key), METRIC_##type},
#define TABLE(metrics)                                                                                       \
	{                                                                                                    \
		metrics(ROW)                                                                                 \
		{                                                                                            \
			.name = NULL                                                                         \
		}                                                                                            \
	}
#define RECORD struct system_record
static const struct record_metric system_metrics[] = TABLE(SYSTEM_METRICS);
#undef RECORD
#define RECORD struct child_record
static const struct record_metric child_metrics[] = TABLE(CHILD_METRICS);
#undef RECORD
#define RECORD struct relay_record
static const struct record_metric relay_metrics[] = TABLE(RELAY_METRICS);
#undef RECORD
#define RECORD struct nic_record
static const struct record_metric nic_metrics[] = TABLE(NIC_METRICS);
#undef RECORD
#define RECORD struct collector_record
static const struct record_metric collector_metrics[] = TABLE(COLLECTOR_METRICS);
#undef RECORD
#define RECORD struct agent_record
static const struct record_metric agent_metrics[] = TABLE(AGENT_METRICS);

static long long number_of(const void *record, const struct record_metric *m)
{
	return *(const long long *)(const void *)((const char *)record + m->offset);
}

static void add_numbers(struct text *t, const void *record, const struct record_metric *metrics)
{
	for (const struct record_metric *m = metrics; m->name != NULL; m++)
		metric_number(t, m->name, m->type, m->help, number_of(record, m));
}

#define MADE_ID(id, type, name, labels, help)  id,
#define MADE_ROW(id, type, name, labels, help) {name, help, METRIC_##type},
#define NOT_MADE(metrics, labels)
enum made { METRICS(MADE_ID, NOT_MADE) };
static const struct {
	const char *name, *help;
	enum metric_type type;
} made[] = {METRICS(MADE_ROW, NOT_MADE)};

static void made_begin(struct text *t, enum made id)
{
	metric_begin(t, made[id].name, made[id].type, made[id].help);
}

static void made_sample(struct text *t, enum made id, int64_t value, int64_t scale, const char *const *labels)
{
	metric_sample(t, made[id].name, value, scale, labels);
}

static void made_number(struct text *t, enum made id, int64_t value)
{
	metric_number(t, made[id].name, made[id].type, made[id].help, value);
}

static void add_health(struct text *t, const struct status *s, int64_t now_ms)
{
	struct verdict v;
	const struct system_record *system = &s->system;
	verdict_of(&v, s, now_ms);
	made_begin(t, M_BUILD_INFO);
	made_sample(t, M_BUILD_INFO, 1, 1,
		LABELS("appliance", system->appliance, "version", system->version, "arch", system->arch,
			"kernel", system->kernel));
	made_number(t, M_HEALTHY, v.ready);
	made_number(t, M_ATTENTION, v.tone != TONE_GOOD);
}

static void add_system(struct text *t, const struct system_record *s)
{
	if (s->status != RECORD_READ)
		return;
	add_numbers(t, s, system_metrics);
	if (s->reset_reason[0] != '\0') {
		made_begin(t, M_LAST_RESET);
		made_sample(t, M_LAST_RESET, 1, 1, LABELS("reason", s->reset_reason));
	}
	made_number(
		t, M_CLOCK_SYNCHRONISED, strcmp(s->clock_ntp, clock_state_words[CLOCK_SYNCHRONISED]) == 0);
	if (!s->offset_told)
		return;
	made_begin(t, M_CLOCK_OFFSET);
	made_sample(t, M_CLOCK_OFFSET, s->offset_us, 1000000, NO_LABELS);
}

/* The service and each program whose record can be read: the one behind C, NULL for the first; NULL at the
 * end. */
static const struct child_record *next_child(const struct status *s, const struct child_record *c)
{
	const struct child_record *end =
		&s->children[s->child_count < CHILDREN_MAX ? s->child_count : CHILDREN_MAX];
	if (c == NULL && s->service.status == RECORD_READ)
		return &s->service;
	for (c = c == NULL || c == &s->service ? s->children : c + 1; c < end; c++)
		if (c->status == RECORD_READ)
			return c;
	return NULL;
}

static void add_ports(struct text *t, const struct ports_record *s)
{
	made_begin(t, M_SERVICE_PORT_LISTENING);
	for (unsigned i = 0; i < s->count; i++)
		if (s->ports[i].state[0] != '\0')
			made_sample(t, M_SERVICE_PORT_LISTENING, !port_flawed(&s->ports[i]), 1,
				LABELS("port", s->ports[i].port));
}

static void add_programs(struct text *t, const struct status *s, int64_t now_ms)
{
	const struct child_record *c;
	made_number(t, M_SERVICE_UP, s->service.phase == PHASE_RUNNING);
	if (s->service.health[0] != '\0')
		made_number(
			t, M_SERVICE_HEALTHY, strcmp(s->service.health, health_words[HEALTH_HEALTHY]) == 0);
	add_ports(t, &s->ports);
	made_begin(t, M_PROGRAM_RUNNING);
	for (c = next_child(s, NULL); c != NULL; c = next_child(s, c))
		made_sample(t, M_PROGRAM_RUNNING, c->phase == PHASE_RUNNING, 1, LABELS("name", c->name));
	for (const struct record_metric *m = child_metrics; m->name != NULL; m++) {
		metric_begin(t, m->name, m->type, m->help);
		for (c = next_child(s, NULL); c != NULL; c = next_child(s, c))
			if (number_of(c, m) >= 0)
				metric_sample(t, m->name, number_of(c, m), 1, LABELS("name", c->name));
	}
	made_begin(t, M_PROGRAM_STATE);
	for (c = next_child(s, NULL); c != NULL; c = next_child(s, c))
		if (c->since_ms >= 0 && c->since_ms <= now_ms)
			made_sample(t, M_PROGRAM_STATE, now_ms - c->since_ms, 1000,
				LABELS("name", c->name, "state", c->state));
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
	made_begin(t, M_RELAY_UPSTREAM_UP);
	for (unsigned i = 0; i < r->upstream_count && i < UPSTREAMS_MAX; i++) {
		const struct upstream_record *u = &r->upstreams[i];
		bool up = strcmp(u->state, upstream_state_words[UPSTREAM_UP]) == 0;
		if ((up || strcmp(u->state, upstream_state_words[UPSTREAM_DOWN]) == 0) && is_told(u))
			made_sample(t, M_RELAY_UPSTREAM_UP, up, 1,
				LABELS("upstream", u->endpoint, "source", u->source));
	}
	made_begin(t, M_RELAY_UPSTREAM_CONNECT);
	for (unsigned i = 0; i < r->upstream_count && i < UPSTREAMS_MAX; i++) {
		const struct upstream_record *u = &r->upstreams[i];
		if (u->connect_us >= 0 && is_told(u))
			made_sample(t, M_RELAY_UPSTREAM_CONNECT, u->connect_us, 1000000,
				LABELS("upstream", u->endpoint, "source", u->source));
	}
}

static void count_refusals(struct text *t, const struct relay_record *r)
{
	static const char refused[] = "refused_", closed[] = "closed_";
	made_begin(t, M_RELAY_REFUSED);
	for (unsigned i = 0; i < CLOSED_IDLE; i++)
		made_sample(t, M_RELAY_REFUSED, r->refusals[i], 1,
			LABELS("reason", refusal_keys[i] + sizeof(refused) - 1));
	made_begin(t, M_RELAY_CLOSED);
	for (unsigned i = CLOSED_IDLE; i < REFUSAL_COUNT; i++)
		made_sample(t, M_RELAY_CLOSED, r->refusals[i], 1,
			LABELS("reason", refusal_keys[i] + sizeof(closed) - 1));
}

static void add_relay(struct text *t, const struct status *s)
{
	const struct relay_record *r = &s->relay;
	if (!relay_told(s))
		return;
	made_number(t, M_RELAY_READY, strcmp(r->state, relay_state_words[RELAY_READY]) == 0);
	add_numbers(t, r, relay_metrics);
	count_refusals(t, r);
	made_begin(t, M_RELAY_BYTES);
	if (r->bytes_to_upstream >= 0)
		made_sample(t, M_RELAY_BYTES, r->bytes_to_upstream, 1, LABELS("direction", "to_upstream"));
	if (r->bytes_to_client >= 0)
		made_sample(t, M_RELAY_BYTES, r->bytes_to_client, 1, LABELS("direction", "to_client"));
	add_upstreams(t, r);
}

static void add_nic_states(struct text *t, const struct status *s, int64_t now_ms)
{
	unsigned count = s->nic_count < NICS_MAX ? s->nic_count : NICS_MAX;
	made_begin(t, M_NIC_UP);
	for (unsigned i = 0; i < count; i++)
		made_sample(t, M_NIC_UP, s->nics[i].up, 1, LABELS("nic", s->nics[i].ifname));
	made_begin(t, M_NIC_ADDRESSES);
	for (unsigned i = 0; i < count; i++) {
		const struct nic_record *n = &s->nics[i];
		int64_t usable = 0;
		for (unsigned k = 0; n->up && k < n->address_count && k < ADDRESSES_MAX; k++)
			usable += nic_address_usable(&n->addresses[k], now_ms);
		made_sample(t, M_NIC_ADDRESSES, usable, 1, LABELS("nic", n->ifname));
	}
	for (const struct record_metric *m = nic_metrics; m->name != NULL; m++) {
		metric_begin(t, m->name, m->type, m->help);
		for (unsigned i = 0; i < count; i++)
			if (number_of(&s->nics[i], m) >= 0)
				metric_sample(t, m->name, number_of(&s->nics[i], m), 1,
					LABELS("nic", s->nics[i].ifname));
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
	/* Their columns, from 0. */
	static const uint8_t columns[] = {
		[M_NIC_RECEIVE_BYTES - M_NIC_RECEIVE_BYTES] = 0,
		[M_NIC_RECEIVE_PACKETS - M_NIC_RECEIVE_BYTES] = 1,
		[M_NIC_RECEIVE_ERRORS - M_NIC_RECEIVE_BYTES] = 2,
		[M_NIC_RECEIVE_DROPPED - M_NIC_RECEIVE_BYTES] = 3,
		[M_NIC_TRANSMIT_BYTES - M_NIC_RECEIVE_BYTES] = 8,
		[M_NIC_TRANSMIT_PACKETS - M_NIC_RECEIVE_BYTES] = 9,
		[M_NIC_TRANSMIT_ERRORS - M_NIC_RECEIVE_BYTES] = 10,
		[M_NIC_TRANSMIT_DROPPED - M_NIC_RECEIVE_BYTES] = 11,
	};
	const struct status *s = &f->status;
	for (enum made id = M_NIC_RECEIVE_BYTES; id <= M_NIC_TRANSMIT_DROPPED; id++) {
		made_begin(t, id);
		for (unsigned k = 0; k < s->nic_count && k < NICS_MAX; k++) {
			const char *nic = s->nics[k].ifname;
			int64_t value = nic_counter(f->nic_counters, nic, columns[id - M_NIC_RECEIVE_BYTES]);
			if (value >= 0)
				made_sample(t, id, value, 1, LABELS("nic", nic));
		}
	}
}

static void add_log(struct text *t, const struct status *s)
{
	const struct log_record *log = &s->log;
	const struct collector_record *c = &s->collector;
	if (log->status == RECORD_READ)
		made_number(t, M_LOG_LINES, log->lines_total);
	if (c->status != RECORD_READ)
		return;
	made_number(t, M_SYSLOG_UP, strcmp(c->state, sender_state_words[SENDER_SENDING]) == 0);
	add_numbers(t, c, collector_metrics);
}

static void add_agent(struct text *t, const struct agent_record *a)
{
	if (a->status != RECORD_READ)
		return;
	made_number(t, M_AGENT_CONNECTED, strcmp(a->state, agent_state_words[AGENT_CONNECTED]) == 0);
	add_numbers(t, a, agent_metrics);
}

static void add_web(struct text *t, const struct web_counts *w)
{
	made_number(t, M_WEB_REQUESTS, (int64_t)w->requests);
	made_number(t, M_WEB_CONNECTIONS, w->connections);
	made_begin(t, M_WEB_REFUSED);
	for (unsigned i = 0; i < WEB_REFUSAL_COUNT; i++)
		made_sample(
			t, M_WEB_REFUSED, (int64_t)w->refused[i], 1, LABELS("reason", web_refusal_words[i]));
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
