#include "state.h"

#include <stdio.h>
#include <string.h>

#include "common/log.h"

struct facts agent_facts;
struct record agent_record;

enum { BETWEEN_MS = 250, WORDS_MAX = 64 };

static const char *const names[] = {
	[AGENT_WAITING] = "waiting",
	[AGENT_CONNECTED] = "connected",
	[AGENT_FAILED] = "failed",
};
_Static_assert(sizeof(names) / sizeof(names[0]) == AGENT_STATE_COUNT, "one name a state");

static struct {
	struct loop *loop;
	struct loop_timer timer; /* armed: the record is to be written, or was a moment ago */
	bool changed;
	const char *back_end;
	enum agent_state state;
	int64_t since_ms, last_request_ms;
	unsigned long requests, refused;
	char error[WORDS_MAX], last_request[WORDS_MAX];
} told;

static void write_record(void)
{
	struct record *r = &agent_record;
	record_begin(r);
	record_add(r, "backend", "%s", told.back_end);
	record_add(r, "state", "%s", names[told.state]);
	record_add(r, "since_ms", "%lld", (long long)told.since_ms);
	if (told.error[0] != '\0')
		record_add(r, "error", "%s", told.error);
	record_add(r, "requests", "%lu", told.requests);
	record_add(r, "refused", "%lu", told.refused);
	if (told.requests > 0) {
		record_add(r, "last_request", "%s", told.last_request);
		record_add(r, "last_request_ms", "%lld", (long long)told.last_request_ms);
	}
	if (record_commit(r, "agent", "state") < 0)
		log_warn("record agent/state");
}

/* Written at once, then not again for a while: a host may ask as fast as it likes. */
static void handle_timer(struct loop *loop, struct loop_timer *timer)
{
	if (!told.changed)
		return;
	told.changed = false;
	write_record();
	loop_arm(loop, timer, now_ms() + BETWEEN_MS);
}

void state_end(void)
{
	if (told.changed)
		write_record();
}

static void note_change(void)
{
	told.changed = true;
	if (told.timer.previous == NULL)
		handle_timer(told.loop, &told.timer);
}

void state_begin(struct loop *loop, const char *back_end)
{
	told.loop = loop;
	told.back_end = back_end;
	told.timer.handle = handle_timer;
	told.since_ms = now_ms();
	note_change();
}

void state_set(enum agent_state state, const char *error)
{
	if (state == told.state && strcmp(told.error, error == NULL ? "" : error) == 0)
		return;
	/* A host that connects for each request, as Proxmox does, is not logged. */
	if (state == AGENT_FAILED || told.state == AGENT_FAILED || told.requests == 0)
		log_line(state == AGENT_FAILED ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "%s: %s -> %s%s%s",
			told.back_end, names[told.state], names[state], error == NULL ? "" : ": ",
			error == NULL ? "" : error);
	told.state = state;
	told.since_ms = now_ms();
	snprintf(told.error, sizeof(told.error), "%s", error == NULL ? "" : error);
	note_change();
}

void state_count(const char *request, bool refused)
{
	told.requests++;
	told.refused += refused;
	told.last_request_ms = now_ms();
	snprintf(told.last_request, sizeof(told.last_request), "%s", request);
	note_change();
}
