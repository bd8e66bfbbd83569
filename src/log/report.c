#include "report.h"

#include <stdio.h>

#include "scratch.h"

enum {
	TAIL_LINES_MAX = 100,
	TAIL_KEY_BYTES = sizeof("line.100=") - 1,
	TAIL_ROOM = RECORD_BYTES_MAX - 256, /* for the lines */
};

static void add_tail(struct record *record, const char *key, const void *from)
{
	const struct ring *r = from;
	char line[LOG_LINE_BYTES_MAX];
	struct log_entry e;
	unsigned index = 0;
	for (struct ring_place at = r->first;;) {
		uint64_t lines = r->end.lines - at.lines, bytes = r->end.bytes - at.bytes;
		if (!ring_next(r, &at, &e, line))
			break;
		if (lines > TAIL_LINES_MAX || bytes + lines * TAIL_KEY_BYTES > TAIL_ROOM)
			continue;
		record_add_item(record, key, ++index, "%lld %u %.*s %.*s", (long long)e.time_ms, e.level,
			(int)e.name_bytes, e.name, (int)e.text_bytes, e.text);
	}
}

static int write_tail(const struct ring *r)
{
	struct record *record = &scratch.record;
	tail_record_write(record, &(struct tail_told){
					  .from = r,
					  .lines_total = (long long)r->end.lines,
					  .lines_dropped = (long long)r->first.lines,
					  .line_items = add_tail,
				  });
	return record_commit(record, "log", "tail");
}

int report_lines(const struct ring *r)
{
	struct iovec pieces[2];
	ring_pieces(r, pieces);
	return record_write_file("log", LOG_LINES_NAME, pieces, 2) < 0 || write_tail(r) < 0 ? -1 : 0;
}

struct limited {
	const struct report_limited *list;
	size_t count;
};

static void add_limited(struct record *record, const char *key, const void *from)
{
	const struct limited *limited = from;
	for (unsigned i = 0; i < limited->count; i++)
		record_add_item(record, key, i + 1, "%s %llu", limited->list[i].name,
			(unsigned long long)limited->list[i].left_out);
}

int report_state(const struct ring *r, struct sender *s, const struct report_limited *list, size_t count)
{
	struct record *record = &scratch.record;
	const struct limited limited = {list, count};
	char collector[COLLECTOR_TEXT_MAX], peer[ENDPOINT_TEXT_MAX];
	struct text c = TEXT(collector), p = TEXT(peer);
	uint64_t sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += list[i].left_out;
	if (s->wanted.any)
		text_add_collector(&c, &s->wanted.collector);
	if (s->transport.fd >= 0)
		text_add_sockaddr(&p, &s->peers[s->peer_next - 1].any);
	collector_record_write(record,
		&(struct collector_told){
			.from = &limited,
			.lines_total = (long long)r->end.lines,
			.limited = (long long)sum,
			.limited_items = add_limited,
			.collector = unless_empty(collector),
			.collector_origin = s->wanted.any ? s->wanted.by_dhcp ? "dhcp" : "setting" : NULL,
			.state = sender_state_words[s->state],
			.since_ms = s->since_ms,
			.error = unless_empty(s->error),
			.peer = unless_empty(peer),
			.sent = (long long)sender_sent(s),
			.lost = (long long)s->lost,
			.queued = (long long)sender_queued(s),
		});
	return record_commit(record, "log", "state");
}
