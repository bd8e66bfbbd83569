#include "report.h"

#include <stdio.h>

#include "common/log.h"
#include "scratch.h"

enum {
	TAIL_LINES_MAX = 100,
	TAIL_KEY_BYTES = sizeof("line.100=") - 1,
	TAIL_ROOM = RECORD_BYTES_MAX - 256, /* for the lines */
};

/* Logged once: each line about it would cause another write, and another failure. */
static void check(int result, const char *what, bool *failed)
{
	if (result < 0 && !*failed)
		log_warn("%s", what);
	*failed = result < 0;
}

static void write_tail(const struct ring *r)
{
	struct record *record = &scratch.record;
	char line[LOG_LINE_BYTES_MAX], key[RECORD_NAME_MAX];
	struct log_entry e;
	record_begin(record);
	record_add(record, "lines_total", "%llu", (unsigned long long)r->end.lines);
	record_add(record, "lines_dropped", "%llu", (unsigned long long)r->first.lines);
	unsigned index = 0;
	for (struct ring_place at = r->first;;) {
		uint64_t lines = r->end.lines - at.lines, bytes = r->end.bytes - at.bytes;
		if (!ring_next(r, &at, &e, line))
			break;
		if (lines > TAIL_LINES_MAX || bytes + lines * TAIL_KEY_BYTES > TAIL_ROOM)
			continue;
		snprintf(key, sizeof(key), "line.%u", ++index);
		record_add(record, key, "%lld %u %.*s %.*s", (long long)e.time_ms, e.level, (int)e.name_bytes,
			e.name, (int)e.text_bytes, e.text);
	}
	static bool failed;
	check(record_commit(record, "log", "tail"), "record log/tail", &failed);
}

void report_lines(const struct ring *r)
{
	struct iovec pieces[2];
	ring_pieces(r, pieces);
	static bool failed;
	check(record_write_file("log", LOG_LINES_NAME, pieces, 2), "the file log/" LOG_LINES_NAME, &failed);
	write_tail(r);
}

static void add_collector(struct record *record, const struct sender *s)
{
	char collector[COLLECTOR_TEXT_MAX];
	struct text t = TEXT(collector);
	if (!s->wanted.any)
		return;
	text_add_collector(&t, &s->wanted.collector);
	record_add(record, "collector", "%s", collector);
	record_add(record, "collector_origin", "%s", s->wanted.by_dhcp ? "dhcp" : "setting");
}

static void add_peer(struct record *record, const struct sender *s)
{
	char peer[ENDPOINT_TEXT_MAX];
	struct text t = TEXT(peer);
	if (s->transport.fd < 0)
		return;
	text_add_sockaddr(&t, &s->peers[s->peer_next - 1].any);
	record_add(record, "peer", "%s", peer);
}

void report_state(const struct ring *r, struct sender *s, const struct report_limited *limited, size_t count)
{
	struct record *record = &scratch.record;
	char key[RECORD_NAME_MAX];
	uint64_t sum = 0;
	record_begin(record);
	record_add(record, "lines_total", "%llu", (unsigned long long)r->end.lines);
	for (size_t i = 0; i < count; i++)
		sum += limited[i].left_out;
	record_add(record, "limited", "%llu", (unsigned long long)sum);
	for (size_t i = 0; i < count; i++) {
		snprintf(key, sizeof(key), "limited.%zu", i + 1);
		record_add(record, key, "%s %llu", limited[i].name, (unsigned long long)limited[i].left_out);
	}
	add_collector(record, s);
	record_add(record, "state", "%s", sender_state_word(s->state));
	record_add(record, "since_ms", "%lld", (long long)s->since_ms);
	if (s->error[0] != '\0')
		record_add(record, "error", "%s", s->error);
	add_peer(record, s);
	record_add(record, "sent", "%llu", (unsigned long long)sender_sent(s));
	record_add(record, "lost", "%llu", (unsigned long long)s->lost);
	record_add(record, "queued", "%llu", (unsigned long long)sender_queued(s));
	static bool failed;
	check(record_commit(record, "log", "state"), "record log/state", &failed);
}
