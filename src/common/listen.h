/* A TCP socket that listens. */
#ifndef THIMBLE_LISTEN_H
#define THIMBLE_LISTEN_H

#include <stdbool.h>
#include <sys/socket.h>

/* Listens at ADDRESS, of LENGTH bytes, without blocking; IPV6_ONLY: at "::", clients by IPv4 stay outside
 * (ipv6(7)). SET_OPTIONS sets what accepted sockets are to inherit. The socket, which the caller closes, or
 * -1 with errno. */
int listen_at(const struct sockaddr *address, socklen_t length, bool ipv6_only, int backlog,
	void (*set_options)(int fd));

#endif
