/* Whether a child still answers. A program of this tree shows by its event loop (common/alive.h); of any
 * other it is seen only that it is stopped. Looks are counted, not time: a machine that was paused has looked
 * no more often than its programs ran. */
#ifndef THIMBLE_INIT_LIVENESS_H
#define THIMBLE_INIT_LIVENESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct alive_page;

/* Looks in a row, one a second, at which it did not answer. The first counts what happened since the one
 * before. */
enum { LIVENESS_SHOWN_LOOKS = 3, LIVENESS_ENDED_LOOKS = 9 };

/* All zero but `fd`, which is -1: nothing is known of it. */
struct liveness {
	struct alive_page *page; /* NULL: it is no program of ours */
	int fd;                  /* of the page, for the child that is being started, or -1 */
	bool stopped;            /* by a signal */
	uint32_t seen;           /* what the page said at the last look */
	unsigned silent;         /* looks in a row */
	int64_t since_ms;        /* the last look at which it answered */
	uint64_t cpu_ticks;      /* what it had used of the processor when it fell silent */
};

/* Before the child is forked that will execute PATH: makes the page that a program of ours shows itself in.
 * Without memory for it (logged) its loop is not looked at. */
void liveness_begin(struct liveness *l, const char *path);

/* In the child, before it executes its program: lets it have the page. The variable of its environment that
 * says so, or NULL: there is none. */
const char *liveness_pass(const struct liveness *l);

/* The child has been forked. */
void liveness_forked(struct liveness *l);

/* The child is gone. */
void liveness_end(struct liveness *l);

/* It was stopped by a signal, or goes on. */
void liveness_set_stopped(struct liveness *l, bool stopped);

/* To be called once a second while process PID runs its program. Returns L->silent. */
unsigned liveness_look(struct liveness *l, pid_t pid);

/* Whether it has been silent for so long that it must be ended. One that does not get the processor is not:
 * it would use it when started anew as well. */
bool liveness_is_hung(const struct liveness *l, pid_t pid);

/* Takes state and used ticks of the processor (utime and stime) out of /proc/PID/stat. False when TEXT is not
 * that. */
bool liveness_parse_stat(const char *text, char *state, uint64_t *cpu_ticks);

#endif
