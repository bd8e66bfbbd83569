#include "log.h"

#include <string.h>

void collector_record_read(struct collector_record *s, const struct record_view *v, enum record_status status)
{
	memset(s, 0, sizeof(*s));
	s->status = status;
	if (status != RECORD_READ)
		return;
	COPY(s->collector, record_get(v, "collector"));
	COPY(s->origin, record_get(v, "collector_origin"));
	COPY(s->state, record_get(v, "state"));
	COPY(s->error, record_get(v, "error"));
	s->sent = record_get_number(v, "sent", 0);
	s->lost = record_get_number(v, "lost", 0);
	s->queued = record_get_number(v, "queued", 0);
	s->limited = record_get_number(v, "limited", 0);
}

void log_record_read(struct log_record *s, size_t bytes, long long lines_total, enum record_status status)
{
	s->status = status;
	s->bytes = status == RECORD_READ ? bytes : 0;
	s->count = 0;
	for (size_t i = 0; i < s->bytes; i++)
		s->count += s->lines[i] == '\n';
	s->lines_total = lines_total > s->count ? lines_total : s->count;
}
