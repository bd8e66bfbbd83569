#include "log.h"

#include <string.h>

#define RECORD struct collector_record
static const struct record_field fields[] = RECORD_FIELDS(LOG_KEYS);

void collector_record_read(struct collector_record *s, const struct record_view *v, enum record_status status)
{
	READ_FIELDS(s, v, status);
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
