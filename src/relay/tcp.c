#include "tcp.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

static void set(int fd, int level, int option, int value)
{
	setsockopt(fd, level, option, &value, sizeof(value));
}

void tcp_set_nodelay(int fd)
{
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

void tcp_set_keepalive(int fd)
{
	set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60);
	set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 15);
	set(fd, IPPROTO_TCP, TCP_KEEPCNT, 4);
	set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
}

void tcp_set_reset_on_close(int fd)
{
	struct linger linger = {.l_onoff = 1};
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}
