#include "upstreams.h"

const char *const source_state_words[SOURCE_STATE_COUNT] = {SOURCE_STATES(WORD_TEXT)};

#define RECORD struct upstreams_record
#define TOLD   struct upstreams_told
const struct record_field upstreams_fields[] = RECORD_TABLE(UPSTREAMS_KEYS);

static const char asked[] = "asked";

void upstreams_record_read(struct upstreams_record *s, const struct record_view *v, enum record_status status)
{
	record_read_fields(s, sizeof(*s), upstreams_fields, v, status);
}

void upstreams_record_write(struct record *r, const struct upstreams_told *told)
{
	record_write_fields(r, told, upstreams_fields);
}

const char *upstreams_source(const struct record_view *v, unsigned number)
{
	return record_get_item(v, LIST_OF(upstreams, source), number);
}

const char *upstreams_asked(const struct record_view *v, unsigned number)
{
	return record_get_item(v, asked, number);
}

const char *upstreams_target(const struct record_view *v, unsigned number)
{
	return record_get_item(v, LIST_OF(upstreams, target), number);
}

void upstreams_add_asked(struct record *r, unsigned number, const char *name)
{
	record_add_item(r, asked, number, "%s", name);
}
