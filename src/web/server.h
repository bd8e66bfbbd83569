/* HTTP: libmicrohttpd between bounds. GET and HEAD, one request a connection. */
#ifndef WEB_SERVER_H
#define WEB_SERVER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "answer.h"
#include "common/loop.h"
#include "counts.h"

enum {
	CONNECTIONS_MAX = 32,
	CONNECTIONS_PER_CLIENT_MAX = 8,
	REQUEST_BYTES_MAX = 4096, /* its line and its fields */
	HEAD_BYTES_MAX = 1024,    /* of an answer's fields */
	REQUEST_MS = 5000,        /* from the connection to the whole request */
	ANSWER_MS = 10000,        /* from then until the client has the whole answer */
	SEND_BUFFER_BYTES = 16384,
	/* Of answers that are on their way, in all: the slowest reader gives way. */
	COPIES_BYTES_MAX = 2 * ANSWER_BYTES_MAX,
};

/* One client, from accept() until it has everything. */
struct connection {
	struct server *server;  /* NULL: free */
	struct in6_addr client; /* an IPv4 address or an IPv6 /64 */
	int fd;                 /* libmicrohttpd's */
	struct loop_fd rest;    /* ours, of the same socket, once libmicrohttpd is done with it; else -1 */
	struct loop_timer deadline;
	bool named; /* status-allow has the client's prefix: it is not there by being on-link alone */
	bool answered, given_up;
	int64_t accepted_ms, answered_ms;
};

struct MHD_Daemon;

struct server {
	struct loop *loop;
	struct MHD_Daemon *daemon;
	struct loop_fd epoll; /* libmicrohttpd's */
	struct loop_turn turn;
	struct connection connection[CONNECTIONS_MAX];
	struct connection *accepting;
	size_t copies_bytes;
	struct web_counts counts;
	struct answer answer;
	/* Fills A for PATH, asked for by HOST (NULL: none); false: there is no such page. */
	bool (*write)(struct server *s, struct answer *a, const char *path, const char *host);
};

/* 0, or -1 with errno. */
int server_init(struct server *s, struct loop *loop,
	bool (*write)(struct server *s, struct answer *a, const char *path, const char *host));

/* Takes over FD of an allowed client, NAMED in status-allow or on-link alone. docs/monitoring.md says which
 * connection gives way when all places are taken, or all of one client. Closes FD when none does. */
void server_accept(struct server *s, int fd, const struct sockaddr *address, socklen_t bytes, bool named);

/* Closes FD by RST and counts it. */
void server_refuse(struct server *s, int fd, enum web_refusal reason);

/* Ends all connections. */
void server_free(struct server *s);

#endif
