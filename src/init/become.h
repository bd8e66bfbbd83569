/* A forked process becomes a program: its limits, user and capabilities. Each failure is reported to REPORT
 * and ends the process. */
#ifndef THIMBLE_INIT_BECOME_H
#define THIMBLE_INIT_BECOME_H

#include <stdint.h>
#include <sys/types.h>

#include "programs.h"

/* As fork() does it, in new NAMESPACES, a mask of CLONE_NEW*; for processes without threads. No C library has
 * a function for this. */
pid_t become_apart(int namespaces);

/* RLIMIT_NAME of the process: soft and hard, 0 for none. */
void become_limited_in(int report, int resource, uint64_t value);

/* All limits of P but that of open files below the kernel's own, and its nice value. */
void become_limited(int report, const struct program *p);

/* What the kernel ends first when memory runs out; through /proc. */
void become_oom_victim(int report, int score);

/* Takes all capabilities but those of MASK out of what it can ever have. */
void become_bounded(int report, uint64_t mask);

/* Has exactly the capabilities of MASK. AMBIENT: passes them on to what it executes. */
void become_capable(int report, uint64_t mask, bool ambient);

/* May make no other system calls than those of P's list from here on, if P has one: last before execve(). */
void become_filtered(int report, const struct program *p);

/* Becomes the user of P with P's capabilities, and no new privileges. Returns the user's home, in a static
 * array. */
const char *become_user(int report, const struct program *p);

#endif
