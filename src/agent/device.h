/* The device that a host is reached by. */
#ifndef THIMBLE_AGENT_DEVICE_H
#define THIMBLE_AGENT_DEVICE_H

/* Opens DEVICE, a path or the number of a descriptor that is open already, without blocking. -1: errno. */
int device_open(const char *device);

#endif
