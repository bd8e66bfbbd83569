#include "common/control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/record.h"

/* Where the other side closes with the request unread, the kernel says so once, before the answer that it has
 * sent (unix_release_sock() in net/unix/af_unix.c, __skb_try_recv_datagram() in net/core/datagram.c). */
static ssize_t receive(int fd, char *answer, size_t size)
{
	ssize_t got = recv(fd, answer, size, 0);
	return got < 0 && errno == ECONNRESET ? recv(fd, answer, size, 0) : got;
}

int control_request(const char *request, char answer[static CONTROL_MESSAGE_MAX])
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = 2};
	struct text path = TEXT(address.sun_path);
	ssize_t got = -1;

	text_add(&path, "%s/control", run_dir());
	if (path.overflow) {
		errno = ENAMETOOLONG;
		return -1;
	}
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 &&
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0 &&
		connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
		/* A peer that may not ask gets the refusal at once, and finds the socket closed. */
		(send(fd, request, strlen(request), MSG_NOSIGNAL) >= 0 || errno == EPIPE))
		got = receive(fd, answer, CONTROL_MESSAGE_MAX - 1);
	int error = got == 0 ? ECONNRESET : errno;
	close(fd);
	if (got <= 0) {
		errno = error;
		return -1;
	}
	answer[got] = '\0';
	return 0;
}
