/* Sessions: a client's connection and the one to the upstream that belongs to it. */
#ifndef RELAY_SESSION_H
#define RELAY_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clients.h"
#include "counts.h"
#include "expiry.h"
#include "flow.h"
#include "histogram.h"
#include "log_limit.h"
#include "pipe_pool.h"
#include "report.h"
#include "upstream.h"

enum session_state {
	SESSION_GUARD,      /* its first PDU is looked at; nothing was taken from it yet */
	SESSION_CONNECTING, /* to an upstream; the client waits in the kernel */
	SESSION_FRESH,      /* bytes pass; most sessions end here */
	SESSION_SILENT,     /* has lasted, and neither side has said anything */
	SESSION_SETTLED,    /* has lasted: keepalive is set, and it must not stay idle */
	SESSION_HALF,       /* one side has ended its stream, the other one goes on */
	SESSION_STATE_COUNT
};

struct sessions {
	struct loop *loop;
	const struct settings *settings;
	struct upstreams *upstreams;
	struct networks *networks;
	struct report *report;
	struct pipe_pool pipes;
	struct clients clients;
	struct log_limit log_limit;
	struct expiry in_state[SESSION_STATE_COUNT]; /* each session is in the list of its state */
	struct expiry aged;                          /* and in this one, in the order they came */
	size_t count, max, max_per_client;
	bool draining;
	/* Since start: */
	uint64_t accepted, failed;
	struct counts counts;
	uint64_t bytes_to_upstream, bytes_to_client;
	struct histogram connect_us, session_ms;
};

/* What both sides are watched for, edge-triggered. */
#define WATCHED (EPOLLIN | EPOLLRDHUP | EPOLLPRI | EPOLLET)

/* One session. For session.c and connect.c alone. */
struct session {
	struct expiry_entry expiry, age;
	struct loop_turn turn; /* waits while there may be more to read */
	struct sessions *all;
	struct client *holder;
	struct side client, upstream;
	struct flow up, down; /* to the upstream, to the client */
	uint64_t bytes_up, bytes_down;
	struct race *race; /* to more than one address, while connecting; NULL otherwise */
	struct upstream_choice choice;
	uint32_t upstream_id;
	int64_t accepted_ms, connecting_us; /* since when to this upstream */
	uint16_t client_port;
	uint8_t state;
	uint8_t attempts, timeouts; /* upstreams tried, and of these the ones that did not answer */
};

/* All must outlive ALL. */
void sessions_init(struct sessions *all, struct loop *loop, struct upstreams *upstreams,
	struct networks *networks, struct report *report, const struct settings *settings, size_t max,
	unsigned pipes_max);

/* After a change of the settings: sessions go on, under the new limits. */
void sessions_renew(struct sessions *all, size_t max, unsigned pipes_max);

/* Takes over CLIENT_FD, a connection from ADDRESS, non-blocking: starts a session or resets it. */
void sessions_accept(struct sessions *all, int client_fd, const struct sockaddr *address);

/* From now on the end of the last session stops the loop; so at once when there is none. */
void sessions_drain(struct sessions *all);

/* Resets what is left. */
void sessions_free(struct sessions *all);

/* connect.c: finds S an upstream, and calls session_connected or session_unconnected. */
void connect_start(struct session *s);
/* The events of S->upstream, and the end of a period (CONNECT_STEP_MS), while it does so. */
void connect_events(struct session *s, uint32_t events);
void connect_step(struct session *s);
/* Gives up what is under way besides S->upstream. */
void connect_stop(struct session *s);

enum { CONNECT_STEP_MS = 250 }; /* RFC 8305 5: Connection Attempt Delay */

/* A connection is being made. */
void session_connecting(struct session *s);
/* S->upstream is connected, EVENTS as epoll told. */
void session_connected(struct session *s, uint32_t events);
/* There is no upstream that answers. */
void session_unconnected(struct session *s);
void session_handle_upstream(struct loop *loop, struct loop_fd *w, uint32_t events);

#endif
