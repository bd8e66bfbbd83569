#include "box_probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/text.h"

unsigned box_probe_status(const char *line)
{
	uint64_t status;
	const char *space = strchr(line, ' ');
	if (strncmp(line, "HTTP/1.", 7) != 0 || space == NULL ||
		!parse_number_n(space + 1, strspn(space + 1, "0123456789"), 100, 999, &status))
		return 0;
	return (unsigned)status;
}

/* A socket that is connected, or -1 with errno. */
static int connect_to(const struct sockaddr *address, socklen_t bytes)
{
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, address, bytes) == 0)
		return fd;
	int error = errno;
	if (fd >= 0)
		close(fd);
	errno = error;
	return -1;
}

static int connect_loopback(unsigned port)
{
	const struct sockaddr_in four = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct sockaddr_in6 six = {.sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)port),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = connect_to((const struct sockaddr *)&four, sizeof(four));
	int error = errno;
	if (fd < 0)
		fd = connect_to((const struct sockaddr *)&six, sizeof(six));
	errno = error; /* of the address that more listen at */
	return fd;
}

/* Asks for PATH. Returns the status of the answer, 0 for none. */
static unsigned ask_for(int fd, const char *path)
{
	char line[256];
	size_t used = 0;
	dprintf(fd, "GET %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: thimble\r\nConnection: close\r\n\r\n",
		path);
	while (used < sizeof(line) - 1 && memchr(line, '\n', used) == NULL) {
		ssize_t got = read(fd, line + used, sizeof(line) - 1 - used);
		if (got <= 0)
			break;
		used += (size_t)got;
	}
	line[used] = '\0';
	return box_probe_status(line);
}

int box_probe(const struct box_health *h)
{
	int fd = connect_loopback(h->port);
	if (fd < 0) {
		dprintf(STDOUT_FILENO, "port %u: %s\n", h->port, strerror(errno));
		return 1;
	}
	if (h->kind == BOX_HEALTH_TCP)
		return 0;
	unsigned status = ask_for(fd, h->path);
	if (status >= 200 && status < 400)
		return 0;
	if (status == 0)
		dprintf(STDOUT_FILENO, "port %u: no answer by HTTP\n", h->port);
	else
		dprintf(STDOUT_FILENO, "port %u: HTTP status %u\n", h->port, status);
	return 1;
}
