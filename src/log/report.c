#include "report.h"

#include <stdio.h>

#include "common/log.h"
#include "common/record.h"

enum {
	TAIL_LINES_MAX = 100,
	TAIL_KEY_BYTES = sizeof("line.100=") - 1,
	TAIL_ROOM = RECORD_BYTES_MAX - 256, /* for the lines */
};

static void write_tail(const struct ring *r)
{
	static struct record record;
	char line[LOG_LINE_BYTES_MAX], key[RECORD_NAME_MAX];
	struct log_entry e;
	record_begin(&record);
	record_add(&record, "lines_total", "%llu", (unsigned long long)r->end.lines);
	record_add(&record, "lines_dropped", "%llu", (unsigned long long)r->first.lines);
	unsigned index = 0;
	for (struct ring_place at = r->first;;) {
		uint64_t lines = r->end.lines - at.lines, bytes = r->end.bytes - at.bytes;
		if (!ring_next(r, &at, &e, line))
			break;
		if (lines > TAIL_LINES_MAX || bytes + lines * TAIL_KEY_BYTES > TAIL_ROOM)
			continue;
		snprintf(key, sizeof(key), "line.%u", ++index);
		record_add(&record, key, "%lld %u %.*s %.*s", (long long)e.time_ms, e.level,
			(int)e.name_bytes, e.name, (int)e.text_bytes, e.text);
	}
	if (record_commit(&record, "log", "tail") < 0)
		log_warn("record log/tail");
}

void report_lines(const struct ring *r)
{
	struct iovec pieces[2];
	ring_pieces(r, pieces);
	if (record_write_file("log", LOG_LINES_NAME, pieces, 2) < 0)
		log_warn("the file log/" LOG_LINES_NAME);
	write_tail(r);
}
