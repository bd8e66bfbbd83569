/* How a program follows records: it is called when some of those that it names may have changed. There is one
 * policy. What fails is said once and tried again; until it works it is looked at instead: also what
 * CHANGED could not read (common/file.h), or has called watch_again() for. Nothing that happens to a folder
 * or file ends a program.
 *
 *              it is there: changed                 removed, replaced, mounted over: changed
 *   ABSENT --------------------------> FOLLOWED ----------------------------------------------> looked for
 *     a new folder or mount: looked for       an event: changed; the queue overflowed: all changed
 *   FAILED, said once: tried after 250 ms, doubling to 5 s, and taken as changed each time
 *
 * Asleep in the first two, a program is woken by events alone. */
#ifndef RECORDS_WATCH_H
#define RECORDS_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "common/loop.h"

enum { WATCH_PLACES_MAX = 6 };

struct watch {
	struct loop *loop;         /* NULL: it is asked, and calls nobody */
	const char *const *places; /* WRITER, all its records; WRITER/NAME; or a file's path from / on */
	size_t count;
	/* PLACES is a mask: 1 << 0 for the first. May close the watch. */
	void (*changed)(struct watch *, unsigned places);
	struct loop_fd events, mounts; /* inotify; /proc/self/mountinfo; -1: not open */
	struct loop_timer again;       /* armed while something fails */
	int64_t again_ms;
	bool said; /* that something fails */
	bool again_wanted, said_unread, closed;
	unsigned unread; /* places whose records could not be read the last time */
	int run;         /* watch descriptors of inotify: of the folder with all writers' folders */
	struct {
		int folder, file; /* -1: cannot be watched; -2: not tried yet */
	} at[WATCH_PLACES_MAX];
};

/* Follows COUNT PLACES, which must outlive W, and calls CHANGED from LOOP; a change before this returns is
 * the caller's to see, by watch_read(). With LOOP NULL nothing wakes the program: see watch_ask. */
void watch_open(struct watch *w, struct loop *loop, const char *const *places, size_t count,
	void (*changed)(struct watch *, unsigned places));

/* The first reading: calls CHANGED with all places, now. */
void watch_read(struct watch *w);

/* For CHANGED: what it read could not be put to use, so it is to be called again as after a failure. */
void watch_again(struct watch *w);

/* The places that may have changed since the last call, as a mask; all at the first one. Of a watch without a
 * loop. */
unsigned watch_ask(struct watch *w);

void watch_close(struct watch *w);

#endif
