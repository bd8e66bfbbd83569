/* The record agent/state. */
#ifndef RECORDS_AGENT_H
#define RECORDS_AGENT_H

#include "fields.h"

/* clang-format off */
#define AGENT_STATES(X) \
	X(AGENT_WAITING, "waiting", " (no message from the host yet, or its end is closed)") \
	X(AGENT_CONNECTED, "connected", "") \
	X(AGENT_FAILED, "failed", "")
/* clang-format on */

enum agent_state { AGENT_STATES(WORD_ID) AGENT_STATE_COUNT };
extern const char *const agent_state_words[AGENT_STATE_COUNT];

/* How the agent stands with the hypervisor. */
/* clang-format off */
#define AGENT_KEYS(TEXT, NUMBER, LIST, KEY) \
	TEXT(backend, 16, 1, "`qemu`, `hyper-v`, `vmware`") \
	TEXT(state, 16, 1, WORDS(AGENT_STATES)) \
	NUMBER(since_ms, -1, 0, "when it came into this state") \
	TEXT(error, 96, 1, "why it failed, in words") \
	NUMBER(requests, 0, 1, "requests of the host; with VMware, reports sent to it") \
	NUMBER(refused, 0, 1, "how many of those got an error; with VMware, were not accepted") \
	TEXT(last_request, 64, 1, \
		"`guest-ping`, `enumerate`, `SetGuestInfo`, ... as the host wrote it; empty when it was not a request") \
	NUMBER(last_request_ms, -1, 1, "when that was")

#define AGENT_METRICS(X) \
	X(requests, COUNTER, "agent_requests_total", "Requests of the hypervisor.") \
	X(refused, COUNTER, "agent_refused_total", "Those of them that got an error.")
/* clang-format on */

struct agent_told RECORD_TOLD(AGENT_KEYS);

struct agent_record {
	enum record_status status;
	RECORD_MEMBERS(AGENT_KEYS)
};

void agent_record_read(struct agent_record *s, const struct record_view *v, enum record_status status);
void agent_record_write(struct record *r, const struct agent_told *told);
extern const struct record_field agent_fields[];

#endif
