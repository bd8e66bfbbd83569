#include "common/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* linux/netlink.h: a dump is cut into pieces of at most 32 KB when the reader has room for them. */
enum { BUFFER_BYTES = 32768 };

size_t netlink_align(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

bool netlink_next(const uint8_t *bytes, size_t length, size_t *at, struct netlink_message *m)
{
	struct nlmsghdr header;
	if (*at >= length || length - *at < sizeof(header))
		return false;
	memcpy(&header, bytes + *at, sizeof(header));
	if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > length - *at)
		return false;
	*m = (struct netlink_message){
		.type = header.nlmsg_type,
		.flags = header.nlmsg_flags,
		.sequence = header.nlmsg_seq,
		.payload = bytes + *at + sizeof(header),
		.payload_bytes = header.nlmsg_len - sizeof(header),
	};
	size_t step = netlink_align(header.nlmsg_len);
	*at = step < length - *at ? *at + step : length;
	return true;
}

bool netlink_next_attribute(
	const uint8_t *bytes, size_t length, size_t *at, struct netlink_attribute *a, bool *good)
{
	struct rtattr header;
	if (*at >= length)
		return false;
	if (length - *at < sizeof(header)) {
		*good = false;
		return false;
	}
	memcpy(&header, bytes + *at, sizeof(header));
	if (header.rta_len < sizeof(header) || header.rta_len > length - *at) {
		*good = false;
		return false;
	}
	a->type = header.rta_type & NLA_TYPE_MASK;
	a->value = bytes + *at + sizeof(header);
	a->bytes = header.rta_len - sizeof(header);
	size_t step = netlink_align(header.rta_len);
	*at = step < length - *at ? *at + step : length;
	return true;
}

bool netlink_u32(const struct netlink_attribute *a, uint32_t *value)
{
	if (a->bytes < sizeof(*value))
		return false;
	memcpy(value, a->value, sizeof(*value));
	return true;
}

static int open_socket(int type_flags, uint32_t groups)
{
	struct sockaddr_nl local = {.nl_family = AF_NETLINK, .nl_groups = groups};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | type_flags, NETLINK_ROUTE);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&local, sizeof(local)) < 0) {
		int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

int netlink_open_notifications(uint32_t groups)
{
	return open_socket(SOCK_NONBLOCK, groups);
}

int netlink_open_dump(void)
{
	/* The kernel answers within the call; the limit is for the day when it does not. */
	struct timeval limit = {.tv_sec = 1};
	int fd = open_socket(0, 0);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

int netlink_drain(int fd)
{
	static uint8_t byte;
	for (;;) {
		if (recv(fd, &byte, sizeof(byte), MSG_TRUNC) >= 0 || errno == ENOBUFS || errno == EINTR)
			continue;
		return errno == EAGAIN ? 0 : -1;
	}
}

/* One read of the answer. 1: the end, 0: more comes, -1 with errno. */
static int read_part(int fd, uint32_t sequence, void (*handle)(const struct netlink_message *, void *),
	void *data, bool *interrupted)
{
	static uint8_t buffer[BUFFER_BYTES];
	struct netlink_message m;
	size_t at = 0;

	ssize_t got = recv(fd, buffer, sizeof(buffer), MSG_TRUNC);
	if (got < 0)
		return errno == EINTR ? 0 : -1;
	if ((size_t)got > sizeof(buffer)) {
		errno = EMSGSIZE;
		return -1;
	}
	while (netlink_next(buffer, (size_t)got, &at, &m)) {
		int error = 0;
		if (m.sequence != sequence)
			continue; /* the rest of a dump that was given up */
		*interrupted = *interrupted || (m.flags & NLM_F_DUMP_INTR) != 0;
		if (m.type != NLMSG_DONE && m.type != NLMSG_ERROR) {
			handle(&m, data);
			continue;
		}
		if (m.payload_bytes >= sizeof(error))
			memcpy(&error, m.payload, sizeof(error));
		if (error >= 0)
			return 1;
		errno = -error;
		return -1;
	}
	if (at != (size_t)got) {
		errno = EBADMSG;
		return -1;
	}
	return 0;
}

int netlink_dump(int fd, uint16_t type, void (*handle)(const struct netlink_message *, void *), void *data)
{
	static uint32_t sequence;
	struct {
		struct nlmsghdr header;
		struct rtgenmsg body; /* AF_UNSPEC: all families */
	} request = {
		.header.nlmsg_len = NLMSG_LENGTH(sizeof(request.body)),
		.header.nlmsg_type = type,
		.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		.header.nlmsg_seq = ++sequence,
	};
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	bool interrupted = false;
	int result;

	if (sendto(fd, &request, sizeof(request), 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -1;
	while ((result = read_part(fd, sequence, handle, data, &interrupted)) == 0)
		;
	if (result > 0 && interrupted) {
		errno = EINTR;
		return -1;
	}
	return result > 0 ? 0 : -1;
}
