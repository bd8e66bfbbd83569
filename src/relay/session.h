/* Sessions: a client's connection and the one to the upstream that belongs to it. */
#ifndef RELAY_SESSION_H
#define RELAY_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clients.h"
#include "counts.h"
#include "dial.h"
#include "expiry.h"
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
	struct networks *networks;
	struct report *report;
	struct pipe_pool pipes;
	struct clients clients;
	struct log_limit log_limit;
	struct dialer dialer;
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

/* One session. For session.c and its test alone. */
struct session {
	struct expiry_entry expiry, age;
	struct loop_turn turn; /* waits while there may be more to read */
	struct sessions *all;
	struct client *holder;
	struct ring place;              /* among the holder's */
	struct in6_addr client_address; /* IPv4 in mapped form */
	struct side client, upstream;
	struct flow up, down; /* to the upstream, to the client */
	uint64_t bytes_up, bytes_down;
	struct dial dial;
	int64_t accepted_ms;
	uint16_t client_port;
	uint8_t state;
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

#endif
