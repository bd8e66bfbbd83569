/* The record agent/state. */
#ifndef RECORDS_AGENT_H
#define RECORDS_AGENT_H

#include "fields.h"

/* How the agent stands with the hypervisor. */
/* clang-format off */
#define AGENT_KEYS(TEXT, NUMBER, KEY) \
	TEXT(backend, 16, "`qemu`, `hyper-v`, `vmware`") \
	TEXT(state, 16, \
		"`waiting` (nobody has spoken yet, or the host's end is closed), `connected`, " \
		"`failed`") \
	KEY("since_ms", "when it came into this state") \
	TEXT(error, 96, "why it failed, in words") \
	NUMBER(requests, 0, "what the host has asked; of VMware, how often it was told") \
	NUMBER(refused, 0, "how many of those got an error; of VMware, were not taken") \
	TEXT(last_request, 64, \
		"`guest-ping`, `enumerate`, `SetGuestInfo`, ... as the host wrote it: empty " \
		"when it was none") \
	NUMBER(last_request_ms, -1, "when that was")
/* clang-format on */

struct agent_record {
	enum record_status status;
	RECORD_MEMBERS(AGENT_KEYS)
};

void agent_record_read(struct agent_record *s, const struct record_view *v, enum record_status status);

#endif
