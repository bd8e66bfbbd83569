#include "system.h"

#include <string.h>

#include "common/text.h"

/* Within 30 years, as microseconds. */
static bool read_signed(const char *text, int64_t *value)
{
	uint64_t number;
	bool negative = text[0] == '-';
	if (!parse_number(text + negative, 0, 1000000000000000, &number))
		return false;
	*value = negative ? -(int64_t)number : (int64_t)number;
	return true;
}

const char *const reset_reason_words[RESET_REASON_COUNT] = {RESET_REASONS(WORD_TEXT)};

bool reset_told(const struct system_record *s)
{
	return s->reset_reason[0] != '\0' && strcmp(s->reset_reason, reset_reason_words[RESET_UNKNOWN]) != 0;
}

#define RECORD struct system_record
#define TOLD   struct system_told
const struct record_field system_fields[] = RECORD_TABLE(SYSTEM_KEYS);

void system_record_read(struct system_record *s, const struct record_view *v, enum record_status status)
{
	const char *line;
	if (!record_read_fields(s, sizeof(*s), system_fields, v, status))
		return;
	s->stopping = strcmp(s->state, "stopping") == 0;
	s->offset_told = read_signed(s->clock_offset_us, &s->offset_us);
	while (s->refused_listed < REFUSED_MAX &&
		(line = record_get_item(v, LIST_OF(system, setting_refused), s->refused_listed + 1)) != NULL)
		COPY(s->refused[s->refused_listed++], line);
	if (s->settings_refused < s->refused_listed)
		s->settings_refused = s->refused_listed;
}

void system_record_write(struct record *r, const struct system_told *told)
{
	record_write_fields(r, told, system_fields);
}
