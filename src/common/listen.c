#include "common/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

int listen_at(const struct sockaddr *address, socklen_t length, bool ipv6_only, int backlog,
	void (*set_options)(int fd))
{
	int on = 1, only = ipv6_only;
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
	set_options(fd);
	if (bind(fd, address, length) == 0 && listen(fd, backlog) == 0)
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}
