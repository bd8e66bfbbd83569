/* The port: accepts allowed clients and hands them to the server. */
#ifndef WEB_LISTENER_H
#define WEB_LISTENER_H

#include <stdint.h>

#include "common/allow.h"
#include "common/loop.h"
#include "server.h"

struct listener {
	struct loop *loop;
	struct server *server;
	struct networks *networks;
	struct allow allow;
	struct loop_fd watch;
	struct loop_timer retry; /* armed while it does not listen */
	uint16_t port;
	int error; /* the last one that was logged */
};

/* Listens on PORT of all addresses of both families, and tries again while it cannot. */
void listener_init(struct listener *l, struct loop *loop, struct server *server, struct networks *networks,
	const struct allow *allow, uint16_t port);

void listener_close(struct listener *l);

#endif
