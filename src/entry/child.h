/* The two children: the appliance's service and, beside it, its helper. docs/containers.md. */
#ifndef THIMBLE_ENTRY_CHILD_H
#define THIMBLE_ENTRY_CHILD_H

#include "account.h"
#include "common/loop.h"
#include "output.h"

enum child_state {
	CHILD_STOPPED, /* not started yet, or ended for good */
	CHILD_RUNNING,
	CHILD_WAITING, /* for its next start */
};

struct child {
	const char *name;
	const char *const *arguments; /* NULL-terminated; [0] is the path */
	struct account account;
	uint64_t capabilities; /* those of this program's that it may keep, mask of 1 << CAP_* */
	enum child_state state;
	pid_t pid;
	int64_t started_ms, backoff_ms;
	struct loop_timer timer;
	struct output output;
};

/* Starts it. 0, or -1 with errno: no process. */
int child_start(struct child *child);

/* Sends SIGNAL when it runs. */
void child_signal(const struct child *child, int signal);

/* To be called when its process has ended: kills what is left of its process group. */
void child_ended(struct child *child);

/* Restarts it after the back-off: 0.1 s, doubling to 30 s, reset once it has run for a minute. WORDS say how
 * it ended, for the log. */
void child_start_later(struct loop *loop, struct child *child, const char *words);

/* Ends it at once and for good. */
void child_kill(struct loop *loop, struct child *child);

#endif
