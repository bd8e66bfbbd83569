/* Which record folders changed since they were read: a scraper asks more often than most of them change. */
#ifndef WEB_FOLDERS_H
#define WEB_FOLDERS_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "status/load.h"

struct folders {
	bool known;
	struct {
		dev_t device;
		ino_t inode; /* 0: to be read once more */
		struct timespec modified;
	} seen[FOLDER_COUNT];
};

/* A mask for state_load. Writers rename into a folder, which gives it the time of then: those whose time is
 * another than at the last call, and those that may get the same time once more. */
unsigned folders_changed(struct folders *f);

#endif
