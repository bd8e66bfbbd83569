#include "child.h"

#include <string.h>

#include "common/text.h"

enum { FRESH_RESTART_MS = 60000 };

const char *const child_phase_words[PHASE_COUNT] = {CHILD_PHASES(WORD_TEXT)};
const char *const health_words[HEALTH_COUNT] = {HEALTHS(WORD_TEXT)};
const char *const port_state_words[PORT_STATE_COUNT] = {PORT_STATES(WORD_TEXT)};

static enum child_phase phase_of(const char *word)
{
	for (size_t i = PHASE_STARTING; i < PHASE_COUNT; i++)
		if (strcmp(word, child_phase_words[i]) == 0)
			return (enum child_phase)i;
	return PHASE_UNKNOWN;
}

#define RECORD struct child_record
#define TOLD   struct child_told
const struct record_field child_fields[] = RECORD_TABLE(CHILD_KEYS);

void child_record_read(
	struct child_record *s, const char *name, const struct record_view *v, enum record_status status)
{
	char ports[256];
	struct text t = TEXT(ports);
	const char *port;
	bool read = record_read_fields(s, sizeof(*s), child_fields, v, status);
	if (!read || record_get(v, KEY_OF(child, name)) == NULL)
		COPY(s->name, name);
	if (!read)
		return;
	s->phase = phase_of(s->state);
	for (unsigned i = 1; (port = record_get_item(v, LIST_OF(child, port), i)) != NULL; i++)
		text_add(&t, "%s%s", i > 1 ? ", " : "", port);
	COPY(s->ports, ports);
}

void child_record_write(struct record *r, const struct child_told *told)
{
	record_write_fields(r, told, child_fields);
}

void ports_record_read(struct ports_record *s, const struct record_view *v, enum record_status status)
{
	const char *port;
	memset(s, 0, sizeof(*s));
	if (status != RECORD_READ)
		return;
	while (s->count < PORTS_MAX &&
		(port = record_get_item(v, LIST_OF(child, port), s->count + 1)) != NULL) {
		struct port_record *p = &s->ports[s->count++];
		COPY(p->port, port);
		COPY(p->state, record_get_item(v, LIST_OF(child, port_state), s->count));
	}
}

bool child_well(const struct child_record *c, int64_t now_ms)
{
	if (c->status != RECORD_READ || c->phase != PHASE_RUNNING)
		return false;
	return c->restarts == 0 || (c->since_ms >= 0 && now_ms - c->since_ms >= FRESH_RESTART_MS);
}

bool port_flawed(const struct port_record *p)
{
	return p->state[0] != '\0' && strcmp(p->state, port_state_words[PORT_LISTENING]) != 0;
}
