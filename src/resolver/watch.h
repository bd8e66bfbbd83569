/* Tells when something that the resolver reads may have changed: by inotify, and where that sees nothing (a
 * folder that is not there yet, a file that is mounted over), by looking. */
#ifndef RESOLVER_WATCH_H
#define RESOLVER_WATCH_H

#include <stdbool.h>
#include <sys/stat.h>

#include "common/loop.h"

enum watch_place {
	WATCH_RUN,         /* the folder in which folders appear */
	WATCH_INIT,        /* config */
	WATCH_NET,         /* resolver, resolv.conf */
	WATCH_CONF,        /* /etc/resolv.conf itself, written in place */
	WATCH_CONF_FOLDER, /* another one renamed to its place */
	WATCH_PLACE_COUNT
};

struct watch {
	struct loop_fd fd; /* inotify; -1: none */
	struct {
		int descriptor;   /* of inotify; -1: none */
		struct stat seen; /* all 0 while it is not there */
	} places[WATCH_PLACE_COUNT];
	void (*changed)(struct watch *);
};

/* CHANGED is called from LOOP. A kernel without inotify is no error: then only watch_look sees. */
void watch_open(struct watch *w, struct loop *loop, void (*changed)(struct watch *));

/* Whether inotify covers every place. */
bool watch_is_complete(const struct watch *w);

/* Looks at every place, and watches those that appeared. True when something may have changed. */
bool watch_look(struct watch *w);

#endif
