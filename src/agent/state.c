#include "state.h"

#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "records/agent.h"
#include "records/pace.h"

struct facts agent_facts;
struct record agent_record;

enum { WORDS_MAX = 64 };

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
	(void)pace;
	bool asked = told.requests > 0;
	const struct agent_told t = {
		.backend = told.back_end,
		.state = agent_state_words[told.state],
		.since_ms = told.since_ms,
		.error = unless_empty(told.error),
		.requests = (long long)told.requests,
		.refused = (long long)told.refused,
		.last_request = asked ? told.last_request : NULL,
		.last_request_ms = asked ? told.last_request_ms : -1,
	};
	agent_record_write(&agent_record, &t);
	return record_commit(&agent_record, "agent", "state");
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
			told.back_end, agent_state_words[told.state], agent_state_words[state],
			error == NULL ? "" : ": ", error == NULL ? "" : error);
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
