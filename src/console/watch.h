/* Tells which record folders changed: by inotify, or where that cannot be had (yet), by their times. */
#ifndef CONSOLE_WATCH_H
#define CONSOLE_WATCH_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "status/load.h"

struct watch {
	int inotify_fd; /* -1: none; becomes readable at a change */
	struct {
		int descriptor; /* of inotify; -1: none */
		struct timespec modified;
		dev_t device;
		ino_t inode; /* of the folder that is watched */
	} folders[FOLDER_COUNT];
};

/* A kernel without inotify is no error: watch_complete stays false. */
void watch_open(struct watch *w);

/* Whether inotify covers every folder; else call watch_poll a few times a second.
 * Once a second is enough otherwise, for folders that were replaced. */
bool watch_complete(const struct watch *w);

/* The folders that changed since the last call, as a mask; begins to watch those that appeared. */
unsigned watch_poll(struct watch *w);

/* Reads what inotify has to tell. */
unsigned watch_read(struct watch *w);

#endif
