/* The log's own reports: the file log/lines, the records log/tail and log/state. docs/records.md. */
#ifndef THIMBLE_LOG_REPORT_H
#define THIMBLE_LOG_REPORT_H

#include "limit.h"
#include "ring.h"
#include "sender.h"

/* Each: 0, or -1 with errno. */
int report_lines(const struct ring *r);

/* The dropped lines of a source. */
struct report_limited {
	const char *name;
	uint64_t left_out;
};

/* LIMITED: of each source that was over its limit. */
int report_state(const struct ring *r, struct sender *s, const struct report_limited *limited, size_t count);

#endif
