/* The records log/state and agent/state: how it stands with those outside that take lines and ask questions.
 */
#include "model.h"

#include <string.h>

#include "model_text.h"

void collector_from_record(struct collector_state *s, const struct record_view *v, enum record_status status)
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

void agent_from_record(struct agent_state *s, const struct record_view *v, enum record_status status)
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
