#include "report.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "common/record.h"
#include "relay.h"

enum { HINT_BYTES = 640 };

static const struct listener *find_closed(const struct relay *relay)
{
	for (size_t i = 0; i < relay->listener_count; i++)
		if (relay->listeners[i].state == LISTENER_CLOSED)
			return &relay->listeners[i];
	return NULL;
}

/* In HINT, which is for any of its texts, what is to be done about it. */
static void tell_state(struct relay_told *told, const struct relay *relay, char hint[static HINT_BYTES])
{
	const struct listener *closed = find_closed(relay);
	if (relay->sessions.draining) {
		told->state = relay_state_words[RELAY_DRAINING];
	} else if (closed != NULL) {
		char name[ENDPOINT_TEXT_MAX];
		struct text t = TEXT(name);
		text_add_sockaddr(&t, (const struct sockaddr *)&closed->endpoint.address);
		snprintf(hint, HINT_BYTES, "relay.listen=%s: %s", name, closed->error);
		told->state = relay_state_words[RELAY_CANNOT_LISTEN];
		told->hint = hint;
	} else if (relay->settings.item_count == 0) {
		told->state = relay_state_words[RELAY_NO_UPSTREAM];
		told->hint = "set relay.upstream=HOST:PORT";
	} else {
		told->state = relay_state_words[RELAY_READY];
		if (upstreams_all_down(&relay->upstreams))
			told->hint = "no upstream answers: check relay.upstream and the way there";
	}
}

static void add_listeners(struct record *r, const char *key, const void *from)
{
	const struct relay *relay = from;
	unsigned number = 0;
	for (size_t i = 0; i < relay->listener_count; i++) {
		struct sockaddr_storage bound;
		socklen_t bytes = sizeof(bound);
		char name[ENDPOINT_TEXT_MAX];
		struct text t = TEXT(name);
		const struct listener *l = &relay->listeners[i];
		if (l->watch.fd < 0 || getsockname(l->watch.fd, (struct sockaddr *)&bound, &bytes) < 0)
			continue;
		text_add_sockaddr(&t, (const struct sockaddr *)&bound);
		record_add_item(r, key, ++number, "%s", name);
	}
}

/* Where an upstream comes from: "setting", "name", or "srv:" and the name that was asked for. */
static void text_add_upstream_source(struct text *t, const struct relay *relay, const struct upstream *up)
{
	const struct upstream_item *item = &relay->settings.item[up->target.item];
	const char *asked = relay->discovery.asked[up->target.item];
	if (!item->service)
		text_add(t, "%s", item->literal ? "setting" : "name");
	else if (asked[0] != '\0')
		text_add(t, "srv:%s", asked);
	else
		text_add(t, "%s", item->text);
}

static void add_upstreams(struct record *r, const char *key, const void *from)
{
	const struct relay *relay = from;
	char name[ENDPOINT_TEXT_MAX], source[UPSTREAM_TEXT_MAX];
	for (unsigned i = 0; i < relay->upstreams.count; i++) {
		const struct upstream *up = relay->upstreams.list[i];
		struct text n = TEXT(name), s = TEXT(source);
		upstream_add_name(&n, up);
		text_add_upstream_source(&s, relay, up);
		relay_add_upstream(r, key, i + 1,
			&(struct upstream_told){
				.endpoint = name,
				.state = upstream_state_words[up->state],
				.words = up->why,
				.source = source,
				.connect_us = up->connect_us,
			});
	}
}

static void add_sources(struct record *r, const char *key, const void *from)
{
	const struct relay *relay = from;
	unsigned number = 0;
	for (size_t i = 0; i < relay->settings.item_count; i++)
		if (!relay->settings.item[i].literal)
			record_add_item(r, key, ++number, "%s %s", relay->settings.item[i].text,
				relay->discovery.source[i]);
}

static void tell_prefix(struct record *r, const char *key, unsigned number, const struct prefix *p)
{
	char text[INET6_ADDRSTRLEN];
	bool ipv4 = IN6_IS_ADDR_V4MAPPED(&p->address) && p->length >= 96;
	inet_ntop(ipv4 ? AF_INET : AF_INET6, p->address.s6_addr + (ipv4 ? 12 : 0), text, sizeof(text));
	record_add_item(r, key, number, "%s/%u", text, p->length - (ipv4 ? 96u : 0u));
}

/* Which clients are allowed. */
static void add_allowed(struct record *r, const char *key, const void *from)
{
	const struct settings *s = &((const struct relay *)from)->settings;
	unsigned number = 0;
	if (s->allow.on_link)
		record_add_item(r, key, ++number, CONFIG_ON_LINK);
	for (size_t i = 0; i < s->allow.count; i++)
		tell_prefix(r, key, ++number, &s->allow.list[i]);
	if (number == 0)
		record_add_item(r, key, 1, CONFIG_NONE);
}

static void tell_on_link(struct record *r, const char *key, const void *from)
{
	const struct relay *relay = from;
	const struct prefixes *on_link = &relay->networks.on_link;
	for (unsigned i = 0; i < on_link->count && i < ALLOWED_MAX && relay->settings.allow.on_link; i++)
		tell_prefix(r, key, i + 1, &on_link->list[i]);
}

static void text_add_guard(struct text *t, const struct settings *s)
{
	text_add(t, "%s", !s->guard ? "off" : s->guarded_count == 0 ? CONFIG_NONE : "dcerpc:");
	for (size_t i = 0; i < s->guarded_count; i++) {
		text_add(t, i > 0 ? "," : "");
		text_add_uuid(t, &s->guarded[i]);
	}
}

static void tell_refusals(struct record *r, const char *key, const void *from)
{
	const struct counts *counts = &((const struct relay *)from)->sessions.counts;
	(void)key;
	for (int kind = 0; kind < REFUSAL_COUNT; kind++)
		record_add(r, refusal_keys[kind], "%llu", (unsigned long long)counts->of[kind]);
}

/* Before the first value there is none. */
static long long percentile(const struct histogram *h, unsigned of_100)
{
	return histogram_percentile(h, 50) == 0 ? -1 : (long long)histogram_percentile(h, of_100);
}

static void make_record(struct record *r, const struct relay *relay)
{
	const struct sessions *s = &relay->sessions;
	char hint[HINT_BYTES], guard[16 + GUARDED_MAX * (UUID_TEXT_BYTES + 1)];
	struct text t = TEXT(guard);
	text_add_guard(&t, &relay->settings);
	struct relay_told told = {
		.from = relay,
		.listen_items = add_listeners,
		.upstream_items = add_upstreams,
		.upstreams_left_out = (long long)relay->discovery.left_out,
		.source_items = add_sources,
		.allow_items = add_allowed,
		.on_link_items = tell_on_link,
		.guard = guard,
		.connections_now = (long long)s->count,
		.connections_total = (long long)s->accepted,
		.connections_refused = (long long)counts_refused(&s->counts),
		.connections_failed = (long long)s->failed,
		.connections_max = (long long)s->max,
		.refusal_items = tell_refusals,
		.bytes_to_upstream = (long long)s->bytes_to_upstream,
		.bytes_to_client = (long long)s->bytes_to_client,
		.connect_p50_us = percentile(&s->connect_us, 50),
		.connect_p99_us = percentile(&s->connect_us, 99),
		.session_p50_ms = percentile(&s->session_ms, 50),
		.session_p99_ms = percentile(&s->session_ms, 99),
	};
	tell_state(&told, relay, hint);
	relay_record_write(r, &told);
}

static int write_record(struct pace *pace)
{
	static struct record r;
	const struct report *report = container_of(pace, struct report, pace);
	make_record(&r, report->relay);
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
