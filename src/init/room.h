/* The room of a program: a mount namespace and a root of its own, with nothing but what it needs.
 *
 * All rooms are one folder of the guest's root, /room: the executables, the files of /etc that programs read,
 * and empty folders and files. It is the root, read-only, of a mount namespace that has nothing else. A child
 * enters a copy of that namespace, and mounts there what its row of programs.def says that it sees. */
#ifndef THIMBLE_INIT_ROOM_H
#define THIMBLE_INIT_ROOM_H

#include <stdbool.h>
#include <stddef.h>

#include "programs.h"

/* Makes /room, for all children of C. Once at boot, before the first of them starts. */
void room_prepare(const struct children *c);

/* Whether P has one: not a service in a box, and not who sees the guest's whole root. */
bool room_has(const struct program *p);

/* The child becomes P's occupant; as root. Failures go to REPORT. */
void become_roomed(int report, const struct program *p);

#endif
