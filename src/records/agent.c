#include "agent.h"

const char *const agent_state_words[AGENT_STATE_COUNT] = {AGENT_STATES(WORD_TEXT)};

#define RECORD struct agent_record
#define TOLD   struct agent_told
const struct record_field agent_fields[] = RECORD_TABLE(AGENT_KEYS);

void agent_record_read(struct agent_record *s, const struct record_view *v, enum record_status status)
{
	record_read_fields(s, sizeof(*s), agent_fields, v, status);
}

void agent_record_write(struct record *r, const struct agent_told *told)
{
	record_write_fields(r, told, agent_fields);
}
