/* The records log/state and log/lines. */
#ifndef RECORDS_LOG_H
#define RECORDS_LOG_H

#include <stdbool.h>

#include "common/log_lines.h"
#include "fields.h"

struct log_record {
	enum record_status status;
	bool whole;            /* all lines are read, not only as many as fit below the status */
	long long lines_total; /* since boot */
	long long count;       /* of those in `lines`, the newest */
	size_t bytes;
	char lines[LOG_LINES_BYTES_MAX];
};

/* Where lines are sent (docs/records.md, log/state). */
struct collector_record {
	enum record_status status;
	char collector[272], origin[16], state[16], error[96];
	long long sent, lost, queued; /* lines */
	long long limited;            /* lines that were left out: their writers brought too many */
};

void collector_record_read(
	struct collector_record *s, const struct record_view *v, enum record_status status);

/* S->lines holds BYTES, all of the form, as log_lines_read gives them; LINES_TOTAL as log/state tells it, or
 * -1. */
void log_record_read(struct log_record *s, size_t bytes, long long lines_total, enum record_status status);

#endif
