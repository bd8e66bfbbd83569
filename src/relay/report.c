#include "report.h"

#include <errno.h>

#include "common/log.h"
#include "common/record.h"
#include "relay.h"

enum { WRITE_INTERVAL_MS = 250, RETRY_MS = 5000 };

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
		text_clear(&t);
		text_add_sockaddr(&t, (const struct sockaddr *)&closed->endpoint->address);
		record_add(r, "state", "cannot listen");
		record_add(r, "hint", "relay.listen=%s: %s", name, closed->error);
	} else if (relay->upstreams.count == 0) {
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
		text_clear(&k);
		text_clear(&t);
		text_add(&k, "listen.%u", ++number);
		text_add_sockaddr(&t, (const struct sockaddr *)&bound);
		record_add(r, key, "%s", name);
	}
}

static void add_upstreams(struct record *r, const struct relay *relay)
{
	for (size_t i = 0; i < relay->upstreams.count; i++) {
		const struct upstream *up = &relay->upstreams.list[i];
		char key[RECORD_NAME_MAX], name[ENDPOINT_TEXT_MAX];
		struct text k = TEXT(key), t = TEXT(name);
		text_clear(&k);
		text_clear(&t);
		text_add(&k, "upstream.%zu", i + 1);
		upstream_add_name(&t, up);
		record_add(r, key, "%s %s%s%s", name, upstream_state_name(up->state),
			up->why != NULL ? " " : "", up->why != NULL ? up->why : "");
	}
}

static void add_number(struct record *r, const char *key, uint64_t number)
{
	record_add(r, key, "%llu", (unsigned long long)number);
}

void report_write(struct report *report)
{
	static struct record r;
	static int last_error;
	const struct sessions *sessions = &report->relay->sessions;
	record_begin(&r);
	add_state(&r, report->relay);
	add_listeners(&r, report->relay);
	add_upstreams(&r, report->relay);
	add_number(&r, "connections_now", sessions->count);
	add_number(&r, "connections_total", sessions->accepted);
	add_number(&r, "connections_refused", sessions->refused);
	add_number(&r, "connections_failed", sessions->failed);
	add_number(&r, "connections_max", sessions->max);
	add_number(&r, "bytes_to_upstream", sessions->bytes_to_upstream);
	add_number(&r, "bytes_to_client", sessions->bytes_to_client);
	loop_disarm(report->loop, &report->timer);
	report->written_ms = now_ms();
	int error = record_commit(&r, "service", "relay") < 0 ? errno : 0;
	if (error != 0 && error != last_error)
		log_warn("cannot write the record service/relay, again in %d s", RETRY_MS / 1000);
	if (error != 0)
		loop_arm(report->loop, &report->timer, report->written_ms + RETRY_MS);
	last_error = error;
}

static void handle_timer(struct loop *loop, struct loop_timer *timer)
{
	(void)loop;
	report_write(container_of(timer, struct report, timer));
}

void report_init(struct report *report, struct loop *loop, const struct relay *relay)
{
	*report = (struct report){
		.relay = relay, .loop = loop, .timer.handle = handle_timer, .written_ms = -WRITE_INTERVAL_MS};
}

void report_changed(struct report *report)
{
	if (report->timer.previous != NULL)
		return;
	loop_arm(report->loop, &report->timer, report->written_ms + WRITE_INTERVAL_MS);
}
