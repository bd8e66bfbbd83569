/* Sessions: a client's connection and the one to the upstream that belongs to it. */
#ifndef RELAY_SESSION_H
#define RELAY_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "expiry.h"
#include "pipe_pool.h"
#include "report.h"
#include "upstream.h"

/* What comes before the connection to the upstream (a guard that reads the first bytes) gets states before
 * SESSION_CONNECTING. */
enum session_state {
	SESSION_CONNECTING, /* to an upstream; the client waits in the kernel */
	SESSION_FRESH,      /* bytes pass; most sessions end here */
	SESSION_SETTLED,    /* has lasted: keepalive is set, and it must not stay idle */
	SESSION_STATE_COUNT
};

struct sessions {
	struct loop *loop;
	struct upstreams *upstreams;
	struct report *report;
	struct pipe_pool pipes;
	struct expiry in_state[SESSION_STATE_COUNT]; /* each session is in the list of its state */
	size_t count, max;
	bool draining;
	/* Since start: */
	uint64_t accepted, refused, failed;
	uint64_t bytes_to_upstream, bytes_to_client;
};

/* UPSTREAMS and REPORT must outlive ALL. */
void sessions_init(struct sessions *all, struct loop *loop, struct upstreams *upstreams,
	struct report *report, size_t max, unsigned pipes_max, int64_t idle_timeout_ms);

/* Takes over CLIENT_FD, an accepted connection, non-blocking: starts a session or resets it. */
void sessions_accept(struct sessions *all, int client_fd);

/* From now on the end of the last session stops the loop; so at once when there is none. */
void sessions_drain(struct sessions *all);

/* Resets what is left. */
void sessions_free(struct sessions *all);

#endif
