#include "agent.h"

#include <string.h>

void agent_record_read(struct agent_record *s, const struct record_view *v, enum record_status status)
{
	memset(s, 0, sizeof(*s));
	s->status = status;
	s->last_request_ms = -1;
	if (status != RECORD_READ)
		return;
	COPY(s->backend, record_get(v, "backend"));
	COPY(s->state, record_get(v, "state"));
	COPY(s->error, record_get(v, "error"));
	COPY(s->last_request, record_get(v, "last_request"));
	s->requests = record_get_number(v, "requests", 0);
	s->refused = record_get_number(v, "refused", 0);
	s->last_request_ms = record_get_number(v, "last_request_ms", -1);
}
