/* The agent's state, for its record, and what its parts share. */
#ifndef THIMBLE_AGENT_STATE_H
#define THIMBLE_AGENT_STATE_H

#include <stdbool.h>

#include "common/loop.h"
#include "facts.h"
#include "records/agent.h"

/* Shared by all parts: 32 KB each. */
extern struct facts agent_facts;
extern struct record agent_record; /* what is written now */

/* Reports the state in the record agent/state; ERROR is why it failed, else NULL. */
void state_begin(struct loop *loop, const char *back_end);
void state_set(enum agent_state state, const char *error);

/* Writes what has not been written yet. */
void state_end(void);

/* Counts one request: one of the host, or one report to VMware's host. */
void state_count(const char *request, bool refused);

#endif
