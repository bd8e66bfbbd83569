/* The record agent/state. */
#ifndef RECORDS_AGENT_H
#define RECORDS_AGENT_H

#include "fields.h"

/* How the agent stands with the hypervisor. */
struct agent_record {
	enum record_status status;
	char backend[16], state[16], error[96], last_request[64];
	long long requests, refused;
	long long last_request_ms; /* -1: not told */
};

void agent_record_read(struct agent_record *s, const struct record_view *v, enum record_status status);

#endif
