/* The agent's back ends, of which one runs: qemu.c, hyperv.c, vmware.c. */
#ifndef THIMBLE_AGENT_BACK_END_H
#define THIMBLE_AGENT_BACK_END_H

#include "common/loop.h"

/* DEVICE: a path, or the number of a descriptor that is open already. Ends the program when it is not to be
 * had. */
typedef void back_end_start(struct loop *loop, const char *device);

back_end_start qemu_start, hyperv_start, vmware_start;

#endif
