#include "clock.h"

const char *const clock_state_words[CLOCK_STATE_COUNT] = {CLOCK_STATES(WORD_TEXT)};

#define RECORD struct clock_record
#define TOLD   struct clock_told
const struct record_field clock_fields[] = RECORD_TABLE(CLOCK_KEYS);

void clock_record_read(struct clock_record *s, const struct record_view *v, enum record_status status)
{
	record_read_fields(s, sizeof(*s), clock_fields, v, status);
}

void clock_record_write(struct record *r, const struct clock_told *told)
{
	record_write_fields(r, told, clock_fields);
}
