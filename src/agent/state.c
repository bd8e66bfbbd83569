#include "state.h"

#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "records/pace.h"

struct facts agent_facts;
struct record agent_record;

enum { WORDS_MAX = 64 };

static const char *const names[] = {
	[AGENT_WAITING] = "waiting",
	[AGENT_CONNECTED] = "connected",
	[AGENT_FAILED] = "failed",
};
_Static_assert(sizeof(names) / sizeof(names[0]) == AGENT_STATE_COUNT, "one name a state");

static struct {
	struct pace pace; /* a host may ask as fast as it likes */
	const char *back_end;
	enum agent_state state;
	int64_t since_ms, last_request_ms;
	unsigned long requests, refused;
	char error[WORDS_MAX], last_request[WORDS_MAX];
} told;

static int write_record(struct pace *pace)
{
	struct record *r = &agent_record;
	(void)pace;
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
	return record_commit(r, "agent", "state");
}

void state_end(void)
{
	pace_end(&told.pace);
}

void state_begin(struct loop *loop, const char *back_end)
{
	pace_init(&told.pace, loop, "agent/state", write_record);
	told.back_end = back_end;
	told.since_ms = now_ms();
	pace_write(&told.pace);
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
	pace_changed(&told.pace);
}

void state_count(const char *request, bool refused)
{
	told.requests++;
	told.refused += refused;
	told.last_request_ms = now_ms();
	snprintf(told.last_request, sizeof(told.last_request), "%s", request);
	pace_changed(&told.pace);
}
