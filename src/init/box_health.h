/* Whether a service is well, by a check that runs every so often, as Docker's health checks do:
 *
 *   STARTING --a check passes--> HEALTHY --RETRIES fail in a row--> UNHEALTHY --a check passes--> HEALTHY
 *   STARTING --RETRIES fail in a row, behind the time that it has to start--> UNHEALTHY
 */
#ifndef THIMBLE_INIT_BOX_HEALTH_H
#define THIMBLE_INIT_BOX_HEALTH_H

#include <sys/types.h>

#include "box_description.h"
#include "common/loop.h"
#include "records/child.h"

struct health_check {
	const struct box_health *spec;
	const char *name; /* of the service, for the log */
	struct loop *loop;
	/* Forks a check whose output goes to OUTPUT and that begins a session of its own. Its pid, or -1. */
	pid_t (*start)(int output);
	void (*tell)(enum health state);
	/* May be NULL: H->failures in a row, each that counts. It may stop H. */
	void (*failed)(const struct health_check *h);
	enum health state;
	int64_t began_ms;
	unsigned failures; /* in a row */
	pid_t pid;         /* of the check that runs, or 0 */
	bool overdue;
	struct loop_timer timer; /* the next check, or the end of this one */
	struct loop_fd output;
	char line[160]; /* the last one of its output */
	size_t line_bytes;
	bool line_ended;
};

/* Begins; the other members of H are zero. Tells HEALTH_STARTING. */
void health_begin(struct health_check *h);

/* Ends, with the check that runs, without a word. */
void health_stop(struct health_check *h);

/* The check H->pid has ended with the wait status STATUS. */
void health_ended(struct health_check *h, int status);

#endif
