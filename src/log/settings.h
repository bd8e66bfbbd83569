/* The records that the log follows: init/config for its setting, those of net for DHCP's log servers and for
 * a network that changes. */
#ifndef THIMBLE_LOG_SETTINGS_H
#define THIMBLE_LOG_SETTINGS_H

#include "common/loop.h"
#include "wanted.h"

enum { FOLDER_INIT, FOLDER_NET, FOLDER_COUNT };

struct settings {
	struct loop_fd watch;          /* inotify */
	int descriptors[FOLDER_COUNT]; /* of inotify; -1: none */
	struct loop_timer look;        /* armed while a folder is not there */
	/* Something changed that may matter. */
	void (*changed)(struct settings *);
};

/* CHANGED is called from LOOP. */
void settings_open(struct settings *s, struct loop *loop, void (*changed)(struct settings *));

/* What holds now. */
void settings_read(struct wanted *w);

#endif
