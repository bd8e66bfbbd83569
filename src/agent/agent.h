/* The agent's parts: one back end of the three runs, and tells its state through here. */
#ifndef THIMBLE_AGENT_H
#define THIMBLE_AGENT_H

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

/* Back ends. DEVICE: a path, or the number of a descriptor that is open already. Each ends the program when
 * its device is not to be had. */
void qemu_start(struct loop *loop, const char *device);
void hyperv_start(struct loop *loop, const char *device);
void vmware_start(struct loop *loop, const char *device);

/* Opens DEVICE, without blocking. */
int device_open(const char *device);

#endif
