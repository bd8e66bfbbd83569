#include "transport.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Keepalive detects a silently lost peer while nothing is sent; otherwise the user timeout (RFC 5482) does,
 * which also ends a connection whose peer has accepted nothing for so long. */
enum { KEEPALIVE_IDLE_S = 30, KEEPALIVE_INTERVAL_S = 5, KEEPALIVE_PROBES = 6, USER_TIMEOUT_MS = 60000 };

static void set_option(int fd, int level, int option, int value)
{
	setsockopt(fd, level, option, &value, sizeof(value));
}

int transport_open(struct transport *t, bool tcp, const union peer *peer)
{
	socklen_t length = peer->any.sa_family == AF_INET ? sizeof(peer->ipv4) : sizeof(peer->ipv6);
	t->tcp = tcp;
	t->at = t->end = 0;
	t->first = t->count = t->bytes = 0;
	t->fd = socket(
		peer->any.sa_family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (t->fd < 0)
		return -1;
	if (tcp) {
		set_option(t->fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES);
		set_option(t->fd, SOL_SOCKET, SO_KEEPALIVE, 1);
		set_option(t->fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
		set_option(t->fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
		set_option(t->fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
		set_option(t->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS);
	} else {
		set_option(t->fd, SOL_SOCKET, SO_RCVBUF, 0); /* nobody reads; the least that the kernel has */
	}
	return connect(t->fd, &peer->any, length) < 0 && errno != EINPROGRESS ? -1 : 0;
}

void transport_close(struct transport *t, bool drop)
{
	const struct linger at_once = {.l_onoff = 1};
	if (t->fd < 0)
		return;
	if (drop && t->tcp)
		setsockopt(t->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(t->fd);
	t->fd = -1;
}

bool transport_is_stranded(const struct transport *t)
{
	union peer own = {0};
	socklen_t length = sizeof(own);
	if (getsockname(t->fd, &own.any, &length) < 0)
		return false;
	if (own.any.sa_family == AF_INET)
		own.ipv4.sin_port = 0;
	else
		own.ipv6.sin6_port = 0;
	int fd = socket(own.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	bool stranded = bind(fd, &own.any, length) < 0 && errno == EADDRNOTAVAIL;
	close(fd);
	return stranded;
}

bool transport_is_busy(const struct transport *t)
{
	return t->at < t->end;
}

static void drop_oldest(struct transport *t)
{
	t->bytes -= t->unacked[t->first];
	t->first = (t->first + 1) % UNACKED_MAX;
	t->count--;
}

/* Forgets the frames that the peer's kernel has acknowledged whole. PART bytes of the next one went after
 * them. */
static void forget_acked(struct transport *t, size_t part)
{
	int waiting;
	if (ioctl(t->fd, SIOCOUTQ, &waiting) < 0)
		return;
	while (t->count > 0 && t->bytes - t->unacked[t->first] + part >= (size_t)waiting)
		drop_oldest(t);
}

static void remember(struct transport *t, size_t length)
{
	if (t->count == UNACKED_MAX && t->tcp)
		forget_acked(t, 0);
	if (t->count == UNACKED_MAX)
		drop_oldest(t);
	t->unacked[(t->first + t->count++) % UNACKED_MAX] = (uint16_t)length;
	t->bytes += length;
}

enum transport_result transport_flush(struct transport *t)
{
	while (transport_is_busy(t)) {
		ssize_t sent = send(t->fd, t->frame + t->at, t->end - t->at, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return errno == EAGAIN || errno == ENOBUFS ? TRANSPORT_BUSY : TRANSPORT_FAILED;
		t->at += (size_t)sent;
	}
	return TRANSPORT_TAKEN;
}

enum transport_result transport_send(struct transport *t, size_t length)
{
	char head[FRAME_HEAD_MAX + 1];
	int head_length = t->tcp ? snprintf(head, sizeof(head), "%zu ", length) : 0;
	t->at = FRAME_HEAD_MAX - (size_t)head_length;
	t->end = FRAME_HEAD_MAX + length;
	memcpy(t->frame + t->at, head, (size_t)head_length);
	remember(t, t->end - t->at);
	return transport_flush(t);
}

static size_t not_arrived_tcp(struct transport *t)
{
	size_t begun = transport_is_busy(t), part = 0;
	if (begun > 0) {
		size_t size = t->unacked[(t->first + t->count - 1) % UNACKED_MAX];
		part = size - (t->end - t->at);
		t->bytes -= size;
		t->count--;
	}
	forget_acked(t, part);
	return t->count + begun;
}

/* The refusal (ICMP) is of the datagram before; one that is still here was not sent. */
static size_t not_arrived_udp(const struct transport *t, int error)
{
	size_t here = transport_is_busy(t);
	return here + (error == ECONNREFUSED && t->count > here);
}

size_t transport_not_arrived(struct transport *t, int error)
{
	return t->tcp ? not_arrived_tcp(t) : not_arrived_udp(t, error);
}
