#include "agent.h"

#define RECORD struct agent_record
static const struct record_field fields[] = RECORD_FIELDS(AGENT_KEYS);

void agent_record_read(struct agent_record *s, const struct record_view *v, enum record_status status)
{
	READ_FIELDS(s, v, status);
}
