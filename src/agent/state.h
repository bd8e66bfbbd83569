/* How the agent fares, for its record; and what its parts have in common. */
#ifndef THIMBLE_AGENT_STATE_H
#define THIMBLE_AGENT_STATE_H

#include <stdbool.h>

#include "common/loop.h"
#include "facts.h"

/* Each is in one place for all that needs it: 32 KB each. */
extern struct facts agent_facts;
extern struct record agent_record; /* what is written now */

enum agent_state {
	AGENT_WAITING,   /* nobody has spoken yet */
	AGENT_CONNECTED, /* the host speaks, or takes what it is told */
	AGENT_FAILED,
	AGENT_STATE_COUNT
};

/* Tells where it stands, in the record agent/state; ERROR is why it failed, else NULL. */
void state_begin(struct loop *loop, const char *back_end);
void state_set(enum agent_state state, const char *error);

/* Writes what has not been written yet. */
void state_end(void);

/* Counts one request: of the host's, or what VMware's host was told. */
void state_count(const char *request, bool refused);

#endif
