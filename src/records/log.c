#include "log.h"

#include <string.h>

const char *const sender_state_words[SENDER_STATE_COUNT] = {SENDER_STATES(WORD_TEXT)};

#define RECORD struct collector_record
#define TOLD   struct collector_told
const struct record_field collector_fields[] = RECORD_TABLE(LOG_KEYS);

void collector_record_read(struct collector_record *s, const struct record_view *v, enum record_status status)
{
	record_read_fields(s, sizeof(*s), collector_fields, v, status);
}

void collector_record_write(struct record *r, const struct collector_told *told)
{
	record_write_fields(r, told, collector_fields);
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

/* Nobody reads it: log/lines has more. */
struct tail_record {
	RECORD_MEMBERS(TAIL_KEYS)
};

#undef RECORD
#undef TOLD
#define RECORD struct tail_record
#define TOLD   struct tail_told
const struct record_field tail_fields[] = RECORD_TABLE(TAIL_KEYS);

void tail_record_write(struct record *r, const struct tail_told *told)
{
	record_write_fields(r, told, tail_fields);
}
