/* The items of relay.upstream that are names or services: each one is asked for, followed as its answers
 * expire, and its targets stay in force while the servers fail.
 *
 *                    targets              servers fail
 *   WAITING ------------------------> OK ----------------------> STALE
 *      |  ^ servers fail              | ^        targets           | |
 *      |  +- no answer yet            | +--------------------------+ |
 *      |        no such record        v       no such record         |
 *      +--------------------------> FAILED <-------------------------+
 *                                     | targets: OK
 *
 * A change of servers or search domains asks at once, from any state. */
#ifndef RESOLVER_SOURCE_H
#define RESOLVER_SOURCE_H

#include "records/upstreams.h"
#include "environment.h"
#include "worker.h"

enum {
	SOURCES_MAX = 16, /* as many items as relay.upstream takes */
	WORKERS_MAX = 4,
	SOURCE_WORDS_MAX = 400,
	RETRY_NONE_MS = 250,   /* the first wait while nothing is known */
	RETRY_KNOWN_MS = 5000, /* the first wait while there are targets, or none is known to exist */
	RETRY_MAX_MS = 30000,
};

struct sources;

struct source {
	struct sources *all;
	unsigned number; /* in the setting, from 1 */
	bool service, relative;
	uint16_t port; /* of a host */
	char name[HOST_BYTES_MAX];
	enum source_state state;
	char words[SOURCE_WORDS_MAX]; /* the last error; "" for none */
	bool due;                     /* waits for a worker */
	int64_t retry_ms;             /* the next wait after a failure */
	struct loop_timer timer;      /* until it is asked for again */
	struct worker worker;
	/* The answer in force. */
	char asked[HOST_BYTES_MAX]; /* the full name that it is about */
	int64_t answered_ms;
	unsigned left_out, target_count;
	struct target *targets; /* malloc'd, in order of priority */
};

struct sources {
	struct loop *loop;
	struct environment environment;
	size_t count;
	struct source *list[SOURCES_MAX]; /* malloc'd */
	unsigned running;                 /* workers */
	void (*changed)(struct sources *);
};

/* CHANGED is called whenever something that a reader may see has changed. */
void sources_init(struct sources *all, struct loop *loop, void (*changed)(struct sources *));

/* Makes the list of UPSTREAM, a value of relay.upstream. Sources that are in it already keep their answers.
 */
void sources_set(struct sources *all, const char *upstream);

/* Other servers or domains: ends the questions under way and asks everything again. */
void sources_set_environment(struct sources *all, const struct environment *e);

void sources_free(struct sources *all);

/* When the answer about T runs out, in ms of CLOCK_MONOTONIC. */
int64_t source_expires_ms(const struct source *s, const struct target *t);

#endif
