#include "verdict.h"

#include <stdbool.h>
#include <string.h>

enum { SILENT_INIT_S = 10 }; /* init/system is written once a second */

/* The parts of the sentence, worst first. */
struct reasons {
	struct text text;
	bool not_ready;
	bool warned;
};

/* Starts the next reason. */
static struct text *add_reason(struct reasons *r)
{
	if (r->text.used > 0)
		text_add(&r->text, "; ");
	return &r->text;
}

static struct text *not_ready(struct reasons *r)
{
	r->not_ready = true;
	return add_reason(r);
}

static struct text *warn(struct reasons *r)
{
	r->warned = true;
	return add_reason(r);
}

void text_add_time_left(struct text *t, int64_t then_ms, int64_t now_ms)
{
	text_add_duration(t, then_ms > now_ms ? (uint64_t)(then_ms - now_ms) / 1000 : 0);
}

/* "(DHCP: discover, 12 s)" */
static void add_dhcp_wait(struct text *t, const struct nic_record *n, const char *more, int64_t now_ms)
{
	text_add(t, "(DHCP: %s%s", n->dhcp4[0] != '\0' ? n->dhcp4 : "none", more);
	if (n->no_address_since_ms >= 0) {
		text_add(t, ", ");
		text_add_time_left(t, now_ms, n->no_address_since_ms);
	}
	text_add(t, ")");
}

void text_add_nic_wait(struct text *t, const struct nic_record *n, int64_t now_ms)
{
	bool router = strcmp(n->ra, "received") == 0;
	text_add(t, "waiting for an address ");
	add_dhcp_wait(t, n, router ? "" : ", no IPv6 router heard", now_ms);
}

/* "net: not answering for 5 s" */
static void add_silence(struct text *t, const struct child_record *c, int64_t now_ms)
{
	text_add(t, "%s: not answering for ", c->name);
	text_add_time_left(t, now_ms, c->silent_since_ms);
}

static void judge_service(struct reasons *r, const struct status *s, int64_t now_ms)
{
	const struct child_record *c = &s->service;
	if (c->status == RECORD_MISSING) {
		text_add(not_ready(r), "service: starting");
		return;
	}
	if (c->status == RECORD_UNREADABLE) {
		text_add(not_ready(r), "service: its record is unreadable");
		return;
	}
	switch (c->phase) {
	case PHASE_RUNNING:
		if (!child_well(c, now_ms))
			text_add(warn(r), "%s restarted (%s)", c->name, c->last_exit);
		break;
	case PHASE_HUNG:
		add_silence(not_ready(r), c, now_ms);
		break;
	case PHASE_WAITING:
		text_add(not_ready(r), "%s failed", c->name);
		if (c->last_exit[0] != '\0')
			text_add(&r->text, " (%s)", c->last_exit);
		text_add(&r->text, ", next start in ");
		text_add_time_left(&r->text, c->next_start_ms, now_ms);
		break;
	case PHASE_EMPTY:
		text_add(
			not_ready(r), "there is no service in this image: tools/thimble-service puts one in");
		break;
	case PHASE_STARTING:
	case PHASE_STOPPING:
	case PHASE_STOPPED:
	case PHASE_UNKNOWN:
		text_add(not_ready(r), "%s: %s", c->name, c->state);
		break;
	}
}

/* "daemon does not listen: port 80/tcp, 443/tcp", for each state that a port may be in. A service with its
 * own record reports its ports there. */
static void judge_ports(struct reasons *r, const struct status *s)
{
	static const struct {
		enum port_state state;
		const char *words;
	} flaws[] = {
		{PORT_MISSING, "does not listen"},
		{PORT_LOST, "no longer listens"},
		{PORT_LOOPBACK, "listens on loopback only, which the network cannot reach"},
		{PORT_STARTING, "does not listen yet"},
	};
	if (s->service.phase != PHASE_RUNNING || s->relay.status != RECORD_MISSING)
		return;
	for (size_t i = 0; i < sizeof(flaws) / sizeof(flaws[0]); i++) {
		unsigned count = 0;
		for (unsigned k = 0; k < s->ports.count; k++) {
			if (strcmp(s->ports.ports[k].state, port_state_words[flaws[i].state]) != 0)
				continue;
			if (count++ == 0)
				text_add(not_ready(r), "%s %s: port ", s->service.name, flaws[i].words);
			text_add(&r->text, "%s%s", count > 1 ? ", " : "", s->ports.ports[k].port);
		}
	}
}

static void judge_programs(struct reasons *r, const struct status *s, int64_t now_ms)
{
	for (unsigned i = 0; i < s->child_count && i < CHILDREN_MAX; i++)
		if (s->children[i].phase == PHASE_HUNG)
			add_silence(warn(r), &s->children[i], now_ms);
}

static void judge_health(struct reasons *r, const struct status *s)
{
	if (s->service.phase == PHASE_RUNNING &&
		strcmp(s->service.health, health_words[HEALTH_UNHEALTHY]) == 0)
		text_add(not_ready(r), "%s is unhealthy: its check fails", s->service.name);
}

static void judge_network(struct reasons *r, const struct status *s, int64_t now_ms)
{
	const struct nic_record *waiting = NULL, *unlinked = NULL, *unreadable = NULL;
	for (unsigned i = 0; i < s->nic_count && i < NICS_MAX; i++) {
		const struct nic_record *n = &s->nics[i];
		if (nic_usable(n, now_ms))
			return;
		if (n->up && (waiting == NULL || nic_is_off(waiting)))
			waiting = n;
		if (n->status != RECORD_READ)
			unreadable = n;
		else if (!n->up && unlinked == NULL)
			unlinked = n;
	}
	if (waiting != NULL) {
		text_add(not_ready(r), "no address yet on %s ", waiting->ifname);
		add_dhcp_wait(&r->text, waiting, "", now_ms);
	} else if (unlinked != NULL) {
		text_add(
			not_ready(r), "no link on %s: connect its cable or virtual switch", unlinked->ifname);
	} else if (unreadable != NULL) {
		text_add(not_ready(r), "%s: its record is unreadable", unreadable->ifname);
	} else {
		text_add(not_ready(r), "waiting for an address: no network card seen yet");
	}
}

/* "eth0: address 192.0.2.5 refused: ...; 2 more about `ip`" */
static void judge_link(struct reasons *r, const struct status *s)
{
	if (s->link.count == 0)
		return;
	text_add(warn(r), "%s", s->link.lines[0]);
	if (s->link.count > 1)
		text_add(&r->text, " and %u more", s->link.count - 1);
}

static const struct upstream_record *best_upstream(const struct relay_record *relay, unsigned *down)
{
	const struct upstream_record *best = NULL;
	*down = 0;
	for (unsigned i = 0; i < relay->upstream_count && i < UPSTREAMS_MAX; i++) {
		const struct upstream_record *u = &relay->upstreams[i];
		bool is_down = strcmp(u->state, upstream_state_words[UPSTREAM_DOWN]) == 0;
		bool is_up = strcmp(u->state, upstream_state_words[UPSTREAM_UP]) == 0;
		*down += is_down;
		if (!is_down && (best == NULL || (is_up && strcmp(best->state,
								   upstream_state_words[UPSTREAM_UP]) != 0)))
			best = u;
	}
	return best;
}

/* The source that most needs to be seen; *OTHERS: how many more are not well. */
static const struct source_record *worst_source(const struct relay_record *relay, unsigned *others)
{
	static const char *const ranks[] = {"failed", "waiting"};
	const struct source_record *worst = NULL;
	size_t worst_rank = 0;
	unsigned flawed = 0;
	for (unsigned i = 0; i < relay->source_count; i++) {
		const struct source_record *source = &relay->sources[i];
		size_t rank = 0;
		if (!source_flawed(source))
			continue;
		flawed++;
		while (rank < sizeof(ranks) / sizeof(ranks[0]) && strcmp(source->state, ranks[rank]) != 0)
			rank++;
		if (worst == NULL || rank < worst_rank) {
			worst = source;
			worst_rank = rank;
		}
	}
	*others = flawed > 0 ? flawed - 1 : 0;
	return worst;
}

/* "LEAD: srv:_vlmcs._tcp (NXDOMAIN)" */
static void add_source(struct text *t, const char *lead, const struct source_record *source, unsigned others)
{
	bool waiting = strcmp(source->state, source_state_words[SOURCE_WAITING]) == 0;
	text_add(t, "%s%s", lead, source->item);
	if (source->words[0] != '\0')
		text_add(t, " (%s)", source->words);
	else if (waiting)
		text_add(t, " (no answer from DNS yet)");
	if (others > 0)
		text_add(t, " and %u more", others);
}

/* Sources that fail beside upstreams that are there. */
static void judge_sources(struct reasons *r, const struct relay_record *relay)
{
	unsigned others;
	const struct source_record *source = worst_source(relay, &others);
	if (source == NULL)
		return;
	const char *lead = "not found: ";
	if (strcmp(source->state, source_state_words[SOURCE_STALE]) == 0)
		lead = "DNS fails, its last answer stays in force: ";
	else if (strcmp(source->state, source_state_words[SOURCE_WAITING]) == 0)
		lead = "waiting for DNS: ";
	add_source(warn(r), lead, source, others);
}

/* True when it found why the relay cannot work. */
static bool judge_upstreams(struct reasons *r, const struct relay_record *relay)
{
	unsigned down, others;
	const struct upstream_record *best = best_upstream(relay, &down);
	const struct source_record *source = worst_source(relay, &others);
	if (relay->upstream_count == 0 && source != NULL) {
		add_source(not_ready(r), "no upstream found: ", source, others);
		return true;
	}
	bool silent = best == NULL && relay->upstream_count > 0;
	if (silent) {
		const struct upstream_record *u = &relay->upstreams[0];
		text_add(not_ready(r), "no upstream answers: %s", u->endpoint);
		if (u->words[0] != '\0')
			text_add(&r->text, " (%s)", u->words);
	} else if (down > 0) {
		text_add(warn(r), "%u of %u upstreams down", down, relay->upstream_count);
	}
	judge_sources(r, relay);
	return silent;
}

static void judge_relay(struct reasons *r, const struct status *s, int64_t now_ms)
{
	const struct relay_record *relay = &s->relay;
	if (relay->status == RECORD_MISSING || s->service.phase != PHASE_RUNNING)
		return;
	if (relay->status == RECORD_UNREADABLE) {
		text_add(warn(r), "the relay's record is unreadable");
		return;
	}
	const char *closed = relay_closed_by(relay);
	if (closed != NULL)
		text_add(not_ready(r), "%s is none: nobody may come", closed);
	if (relay_allows_no_network(relay) && first_usable(s, now_ms) != NULL)
		text_add(warn(r), "no network is on-link: set relay.allow");
	/* The upstreams' own parts give the reason, if there are any upstreams. */
	bool none = strcmp(relay->state, relay_state_words[RELAY_NO_UPSTREAM]) == 0;
	if (none && relay->upstream_count + relay->source_count == 0) {
		text_add(not_ready(r), "no upstream set: %s",
			relay->hint[0] != '\0' ? relay->hint : "set relay.upstream=HOST:PORT");
		return;
	}
	if (!none && strcmp(relay->state, relay_state_words[RELAY_READY]) != 0) {
		text_add(not_ready(r), "relay: %s", relay->state);
		if (relay->hint[0] != '\0')
			text_add(&r->text, " (%s)", relay->hint);
	}
	if (!judge_upstreams(r, relay) && none) {
		text_add(not_ready(r), "relay: no upstream");
		if (relay->hint[0] != '\0')
			text_add(&r->text, " (%s)", relay->hint);
	}
}

static void judge_system(struct reasons *r, const struct status *s, int64_t now_ms)
{
	const struct system_record *system = &s->system;
	long long silent_s = now_ms / 1000 - system->uptime_s;
	if (system->status == RECORD_UNREADABLE)
		text_add(warn(r), "the record init/system is unreadable");
	if (system->uptime_s >= 0 && silent_s >= SILENT_INIT_S)
		text_add(warn(r), "init has been silent for %lld s", silent_s);
	if (system->settings_refused > 0)
		text_add(warn(r), "%lld setting%s refused", system->settings_refused,
			system->settings_refused == 1 ? "" : "s");
}

/* "relay to 10.0.0.5:1688", or the address of a service that is no relay. */
static void add_purpose(struct text *t, const struct status *s, int64_t now_ms)
{
	unsigned down;
	const struct upstream_record *u = best_upstream(&s->relay, &down);
	if (s->relay.status == RECORD_READ && u != NULL) {
		text_add(t, "relay to %s%s", u->endpoint,
			strcmp(u->state, upstream_state_words[UPSTREAM_UP]) == 0 ? "" : " (not tried yet)");
		return;
	}
	text_add(t, "%s", s->service.name);
	const struct nic_address *a = first_usable(s, now_ms);
	if (a == NULL)
		return;
	text_add(t, " on %.*s", (int)strcspn(a->address, "/"), a->address);
	if (s->service.ports[0] != '\0')
		text_add(t, ", port %s", s->service.ports);
}

void verdict_of(struct verdict *v, const struct status *s, int64_t now_ms)
{
	char purpose[VERDICT_BYTES_MAX], reasons[VERDICT_BYTES_MAX];
	struct text t = TEXT(purpose), all = TEXT(v->text);
	struct reasons r = {.text = TEXT(reasons)};
	v->ready = false;

	if (s->system.stopping) {
		text_add(&all, "Stopping");
		if (s->system.stopping_reason[0] != '\0')
			text_add(&all, ": %s", s->system.stopping_reason);
		v->tone = TONE_WARN;
		return;
	}
	if (s->system.status == RECORD_MISSING) {
		text_add(&all, "Starting: no record from init yet");
		v->tone = TONE_WARN;
		return;
	}
	judge_service(&r, s, now_ms);
	judge_ports(&r, s);
	judge_health(&r, s);
	judge_programs(&r, s, now_ms);
	judge_network(&r, s, now_ms);
	judge_link(&r, s);
	judge_relay(&r, s, now_ms);
	judge_system(&r, s, now_ms);
	if (r.not_ready) {
		text_add(&all, "Not ready: %s", reasons);
		v->tone = TONE_BAD;
		return;
	}
	v->ready = true;
	add_purpose(&t, s, now_ms);
	text_add(&all, "Ready: %s", purpose);
	if (r.warned)
		text_add(&all, "; %s", reasons);
	v->tone = r.warned ? TONE_WARN : TONE_GOOD;
}
