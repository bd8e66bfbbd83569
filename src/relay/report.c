#include "report.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "common/record.h"
#include "relay.h"

enum { ON_LINK_SHOWN_MAX = 32 };

static const struct listener *find_closed(const struct relay *relay)
{
	for (size_t i = 0; i < relay->listener_count; i++)
		if (relay->listeners[i].state == LISTENER_CLOSED)
			return &relay->listeners[i];
	return NULL;
}

static void add_state(struct record *r, const struct relay *relay)
{
	const struct listener *closed = find_closed(relay);
	if (relay->sessions.draining) {
		record_add(r, "state", "draining");
	} else if (closed != NULL) {
		char name[ENDPOINT_TEXT_MAX];
		struct text t = TEXT(name);
		text_add_sockaddr(&t, (const struct sockaddr *)&closed->endpoint.address);
		record_add(r, "state", "cannot listen");
		record_add(r, "hint", "relay.listen=%s: %s", name, closed->error);
	} else if (relay->settings.item_count == 0) {
		record_add(r, "state", "no upstream");
		record_add(r, "hint", "set relay.upstream=HOST:PORT");
	} else {
		record_add(r, "state", "ready");
		if (upstreams_all_down(&relay->upstreams))
			record_add(r, "hint", "no upstream answers: check relay.upstream and the way there");
	}
}

static void add_listeners(struct record *r, const struct relay *relay)
{
	unsigned number = 0;
	for (size_t i = 0; i < relay->listener_count; i++) {
		struct sockaddr_storage bound;
		socklen_t bytes = sizeof(bound);
		char key[RECORD_NAME_MAX], name[ENDPOINT_TEXT_MAX];
		struct text k = TEXT(key), t = TEXT(name);
		const struct listener *l = &relay->listeners[i];
		if (l->watch.fd < 0 || getsockname(l->watch.fd, (struct sockaddr *)&bound, &bytes) < 0)
			continue;
		text_add(&k, "listen.%u", ++number);
		text_add_sockaddr(&t, (const struct sockaddr *)&bound);
		record_add(r, key, "%s", name);
	}
}

static void make_key(char buffer[static RECORD_NAME_MAX], const char *key, size_t number)
{
	snprintf(buffer, RECORD_NAME_MAX, "%s.%zu", key, number);
}

/* Where an upstream comes from: "setting", "name", or "srv:" and the name that was asked for. */
static void add_upstream_source(
	struct record *r, const char *key, const struct relay *relay, const struct upstream *up)
{
	const struct upstream_item *item = &relay->settings.item[up->target.item];
	const char *asked = relay->discovery.asked[up->target.item];
	if (!item->service)
		record_add(r, key, "%s", item->literal ? "setting" : "name");
	else if (asked[0] != '\0')
		record_add(r, key, "srv:%s", asked);
	else
		record_add(r, key, "%s", item->text);
}

static void add_upstreams(struct record *r, const struct relay *relay)
{
	char key[RECORD_NAME_MAX], name[ENDPOINT_TEXT_MAX];
	struct text t = TEXT(name);
	for (size_t i = 0; i < relay->upstreams.count; i++) {
		const struct upstream *up = relay->upstreams.list[i];
		text_clear(&t);
		upstream_add_name(&t, up);
		make_key(key, "upstream", i + 1);
		record_add(r, key, "%s %s%s%s", name, upstream_state_name(up->state),
			up->why != NULL ? " " : "", up->why != NULL ? up->why : "");
		make_key(key, "upstream_source", i + 1);
		add_upstream_source(r, key, relay, up);
		make_key(key, "upstream_connect_us", i + 1);
		if (up->connect_us >= 0)
			record_add(r, key, "%lld", (long long)up->connect_us);
	}
	size_t number = 0;
	for (size_t i = 0; i < relay->settings.item_count; i++) {
		const struct upstream_item *item = &relay->settings.item[i];
		if (item->literal)
			continue;
		make_key(key, "source", ++number);
		record_add(r, key, "%s %s", item->text, relay->discovery.source[i]);
	}
	record_add(r, "upstreams_left_out", "%zu", relay->discovery.left_out);
}

static void add_allowed(struct record *r, const char *key, const struct prefix *p)
{
	char text[INET6_ADDRSTRLEN];
	bool ipv4 = IN6_IS_ADDR_V4MAPPED(&p->address) && p->length >= 96;
	inet_ntop(ipv4 ? AF_INET : AF_INET6, p->address.s6_addr + (ipv4 ? 12 : 0), text, sizeof(text));
	record_add(r, key, "%s/%u", text, p->length - (ipv4 ? 96u : 0u));
}

/* Which clients are allowed, and what the guard lets through. */
static void add_gate(struct record *r, const struct relay *relay)
{
	const struct settings *s = &relay->settings;
	const struct prefixes *on_link = &relay->networks.on_link;
	char key[RECORD_NAME_MAX], guard[16 + GUARDED_MAX * (UUID_TEXT_BYTES + 1)];
	struct text t = TEXT(guard);
	size_t number = 0;
	if (s->allow.on_link)
		record_add(r, "allow.1", CONFIG_ON_LINK);
	number += s->allow.on_link;
	for (size_t i = 0; i < s->allow.count; i++) {
		make_key(key, "allow", ++number);
		add_allowed(r, key, &s->allow.list[i]);
	}
	if (number == 0)
		record_add(r, "allow.1", CONFIG_NONE);
	for (size_t i = 0; i < on_link->count && i < ON_LINK_SHOWN_MAX && s->allow.on_link; i++) {
		make_key(key, "on_link", i + 1);
		add_allowed(r, key, &on_link->list[i]);
	}
	text_add(&t, "%s", !s->guard ? "off" : s->guarded_count == 0 ? CONFIG_NONE : "dcerpc:");
	for (size_t i = 0; i < s->guarded_count; i++) {
		text_add(&t, i > 0 ? "," : "");
		text_add_uuid(&t, &s->guarded[i]);
	}
	record_add(r, "guard", "%s", guard);
}

static void add_number(struct record *r, const char *key, uint64_t number)
{
	record_add(r, key, "%llu", (unsigned long long)number);
}

static void add_percentiles(
	struct record *r, const struct histogram *h, const char *half_key, const char *most_key)
{
	uint64_t half = histogram_percentile(h, 50);
	if (half == 0)
		return;
	add_number(r, half_key, half);
	add_number(r, most_key, histogram_percentile(h, 99));
}

static void add_sessions(struct record *r, const struct sessions *sessions)
{
	add_number(r, "connections_now", sessions->count);
	add_number(r, "connections_total", sessions->accepted);
	add_number(r, "connections_refused", counts_refused(&sessions->counts));
	add_number(r, "connections_failed", sessions->failed);
	add_number(r, "connections_max", sessions->max);
	for (int kind = 0; kind < REFUSAL_COUNT; kind++)
		add_number(r, refusal_keys[kind], sessions->counts.of[kind]);
	add_number(r, "bytes_to_upstream", sessions->bytes_to_upstream);
	add_number(r, "bytes_to_client", sessions->bytes_to_client);
	add_percentiles(r, &sessions->connect_us, "connect_p50_us", "connect_p99_us");
	add_percentiles(r, &sessions->session_ms, "session_p50_ms", "session_p99_ms");
}

static int write_record(struct pace *pace)
{
	static struct record r;
	const struct report *report = container_of(pace, struct report, pace);
	record_begin(&r);
	add_state(&r, report->relay);
	add_listeners(&r, report->relay);
	add_upstreams(&r, report->relay);
	add_gate(&r, report->relay);
	add_sessions(&r, &report->relay->sessions);
	return record_commit(&r, "service", "relay");
}

void report_init(struct report *report, struct loop *loop, const struct relay *relay)
{
	report->relay = relay;
	pace_init(&report->pace, loop, "service/relay", write_record);
}

void report_changed(struct report *report)
{
	pace_changed(&report->pace);
}

void report_write(struct report *report)
{
	pace_write(&report->pace);
}
