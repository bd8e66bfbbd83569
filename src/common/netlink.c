#include "common/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
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

ssize_t netlink_receive(int fd, void *bytes, size_t size, int flags)
{
	for (;;) {
		struct sockaddr_nl from = {0};
		socklen_t length = sizeof(from);
		ssize_t got = recvfrom(fd, bytes, size, flags, (struct sockaddr *)&from, &length);
		if (got < 0 || (length == sizeof(from) && from.nl_pid == 0))
			return got;
	}
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
static int read_part(int fd, uint32_t number, void (*handle)(const struct netlink_message *, void *),
	void *data, bool *interrupted)
{
	static uint8_t buffer[BUFFER_BYTES];
	struct netlink_message m;
	size_t at = 0;

	ssize_t got = netlink_receive(fd, buffer, sizeof(buffer), MSG_TRUNC);
	if (got < 0)
		return errno == EINTR ? 0 : -1;
	if ((size_t)got > sizeof(buffer)) {
		errno = EMSGSIZE;
		return -1;
	}
	while (netlink_next(buffer, (size_t)got, &at, &m)) {
		int error = 0;
		if (m.sequence != number)
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

static uint32_t sequence; /* of the last request */

static int send_request(int fd, const void *request, size_t bytes)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	return sendto(fd, request, bytes, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0 ? -1 : 0;
}

void netlink_begin(
	struct netlink_request *r, uint16_t type, uint16_t flags, const void *body, size_t body_bytes)
{
	struct nlmsghdr header = {
		.nlmsg_type = type,
		.nlmsg_flags = (uint16_t)(flags | NLM_F_REQUEST | NLM_F_ACK),
	};
	memset(r, 0, sizeof(*r));
	memcpy(r->data, &header, sizeof(header));
	memcpy(r->data + sizeof(header), body, body_bytes);
	r->bytes = sizeof(header) + netlink_align(body_bytes);
}

size_t netlink_add(struct netlink_request *r, uint16_t type, const void *value, size_t bytes)
{
	struct rtattr header = {.rta_type = type, .rta_len = (uint16_t)(sizeof(header) + bytes)};
	size_t at = r->bytes;
	if (at + sizeof(header) + netlink_align(bytes) > sizeof(r->data)) {
		r->bytes = sizeof(r->data) + 1;
		return 0;
	}
	memcpy(r->data + at, &header, sizeof(header));
	if (bytes > 0)
		memcpy(r->data + at + sizeof(header), value, bytes);
	r->bytes += sizeof(header) + netlink_align(bytes);
	return at;
}

void netlink_add_u32(struct netlink_request *r, uint16_t type, uint32_t value)
{
	netlink_add(r, type, &value, sizeof(value));
}

void netlink_close(struct netlink_request *r, size_t at)
{
	uint16_t length = (uint16_t)(r->bytes - at);
	memcpy(r->data + at + offsetof(struct rtattr, rta_len), &length, sizeof(length));
}

static void handle_nothing(const struct netlink_message *m, void *data)
{
	(void)m, (void)data;
}

int netlink_ask(int fd, struct netlink_request *r)
{
	bool interrupted = false;
	int result;
	struct nlmsghdr *header = (struct nlmsghdr *)(void *)r->data;
	if (r->bytes > sizeof(r->data)) {
		errno = EMSGSIZE;
		return -1;
	}
	header->nlmsg_len = (uint32_t)r->bytes;
	header->nlmsg_seq = ++sequence;
	if (send_request(fd, r->data, r->bytes) < 0)
		return -1;
	while ((result = read_part(fd, sequence, handle_nothing, NULL, &interrupted)) == 0)
		;
	return result > 0 ? 0 : -1;
}

int netlink_dump(int fd, uint16_t type, void (*handle)(const struct netlink_message *, void *), void *data)
{
	struct {
		struct nlmsghdr header;
		struct rtgenmsg body; /* AF_UNSPEC: all families */
	} request = {
		.header.nlmsg_len = NLMSG_LENGTH(sizeof(request.body)),
		.header.nlmsg_type = type,
		.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		.header.nlmsg_seq = ++sequence,
	};
	bool interrupted = false;
	int result;

	if (send_request(fd, &request, sizeof(request)) < 0)
		return -1;
	while ((result = read_part(fd, sequence, handle, data, &interrupted)) == 0)
		;
	if (result > 0 && interrupted) {
		errno = EINTR;
		return -1;
	}
	return result > 0 ? 0 : -1;
}
