#include "listener.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

#include "common/listen.h"
#include "common/log.h"
#include "common/net_text.h"

enum {
	RETRY_MS = 1000,
	PAUSE_MS = 100, /* out of descriptors or memory */
	/* Clients accepted per turn: the server must see a client that reconnects again and again leave
	 * before it exceeds its limit. */
	BATCH = CONNECTIONS_PER_CLIENT_MAX / 2,
	BACKLOG = 64,
};

static void take(struct listener *l, int fd, const struct sockaddr *address, socklen_t bytes)
{
	struct in6_addr client;
	if (address_of(&client, address) && allow_client(&l->allow, l->networks, &client))
		server_accept(l->server, fd, address, bytes, allow_names(&l->allow, &client));
	else
		server_refuse(l->server, fd, WEB_NOT_ALLOWED);
}

static void pause_for(struct listener *l, int64_t ms)
{
	loop_change(l->loop, &l->watch, 0);
	loop_arm(l->loop, &l->retry, now_ms() + ms);
}

static void handle_clients(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	struct listener *l = container_of(w, struct listener, watch);
	(void)loop, (void)events;
	for (int i = 0; i < BATCH; i++) {
		struct sockaddr_storage storage;
		struct sockaddr *address = (struct sockaddr *)&storage;
		socklen_t bytes = sizeof(storage);
		int fd = accept4(w->fd, address, &bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
			log_warn("accept");
			pause_for(l, PAUSE_MS);
		}
		/* Any other error concerns one client (accept(2)), or no client waits: the next event reports
		 * the rest. */
		if (fd < 0)
			return;
		take(l, fd, address, bytes);
	}
}

static void set_options(int fd)
{
	int on = 1, send_bytes = SEND_BUFFER_BYTES;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof(send_bytes));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static int listen_with_options(const void *address, socklen_t length)
{
	return listen_at(address, length, false, BACKLOG, set_options);
}

static void try_to_listen(struct listener *l)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(l->port)};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(l->port)};
	l->watch.fd = listen_with_options(&in6, sizeof(in6));
	/* A kernel without IPv6. */
	if (l->watch.fd < 0 && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL))
		l->watch.fd = listen_with_options(&in, sizeof(in));
	if (l->watch.fd >= 0 && loop_add(l->loop, &l->watch, EPOLLIN) == 0) {
		log_info("listening on port %u", l->port);
		return;
	}
	if (errno != l->error)
		log_warn("port %u: cannot listen, trying again each second", l->port);
	l->error = errno;
	loop_close(l->loop, &l->watch);
	loop_arm(l->loop, &l->retry, now_ms() + RETRY_MS);
}

static void handle_retry(struct loop *loop, struct loop_timer *timer)
{
	struct listener *l = container_of(timer, struct listener, retry);
	if (l->watch.fd < 0)
		try_to_listen(l);
	else
		loop_change(loop, &l->watch, EPOLLIN);
}

void listener_init(struct listener *l, struct loop *loop, struct server *server, struct networks *networks,
	const struct allow *allow, uint16_t port)
{
	*l = (struct listener){.loop = loop,
		.server = server,
		.networks = networks,
		.allow = *allow,
		.watch = {.fd = -1, .handle = handle_clients},
		.retry.handle = handle_retry,
		.port = port};
	try_to_listen(l);
}

void listener_close(struct listener *l)
{
	loop_disarm(l->loop, &l->retry);
	loop_close(l->loop, &l->watch);
}
