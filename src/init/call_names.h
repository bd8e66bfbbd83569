/* Names of system calls. */
#ifndef THIMBLE_INIT_CALL_NAMES_H
#define THIMBLE_INIT_CALL_NAMES_H

#include <stddef.h>
#include <sys/types.h>

/* The name of call NUMBER, or NULL. */
const char *call_name(unsigned long number);

/* The number of the call whose name is the LENGTH bytes at NAME, or -1. */
int call_number(const char *name, size_t length);

/* The call by which process PID, or one of its threads, was ended by its filter, by the kernel's log (patch
 * 0016). -1 when that does not say. */
long call_that_ended(pid_t pid);

#endif
