#include "common/networks.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"

enum {
	WIDEST4 = 8,
	WIDEST6 = 32,
	PAUSE_MS = 20, /* a storm of changes is looked at once in this time */
	RETRY_MS = 500,
};

bool prefixes_contain(const struct prefixes *p, const struct in6_addr *address)
{
	for (size_t i = 0; i < p->count; i++)
		if (prefix_contains(&p->list[i], address))
			return true;
	return false;
}

static void add_prefix(struct prefixes *p, const struct prefix *prefix)
{
	for (size_t i = 0; i < p->count; i++)
		if (memcmp(&p->list[i], prefix, sizeof(*prefix)) == 0)
			return;
	if (p->count < PREFIXES_MAX)
		p->list[p->count++] = *prefix;
	else
		p->left_out++;
}

enum route_kind route_parse(const struct netlink_message *m, struct prefix *p)
{
	struct rtmsg head;
	struct netlink_attribute a;
	struct in6_addr destination = {0};
	uint32_t table;
	bool good = true, gateway = false, interface = false;

	if (m->type != RTM_NEWROUTE || m->payload_bytes < sizeof(head))
		return ROUTE_OTHER;
	memcpy(&head, m->payload, sizeof(head));
	size_t bytes = head.rtm_family == AF_INET ? 4 : 16;
	if ((head.rtm_family != AF_INET && head.rtm_family != AF_INET6) || head.rtm_dst_len > bytes * 8 ||
		head.rtm_src_len != 0 || (head.rtm_flags & RTM_F_CLONED))
		return ROUTE_OTHER;
	table = head.rtm_table;
	for (size_t at = netlink_align(sizeof(head));
		netlink_next_attribute(m->payload, m->payload_bytes, &at, &a, &good);) {
		if (a.type == RTA_DST && a.bytes >= bytes)
			memcpy(&destination, a.value, bytes);
		else if (a.type == RTA_TABLE)
			good = netlink_u32(&a, &table) && good;
		gateway = gateway || a.type == RTA_GATEWAY || a.type == RTA_VIA || a.type == RTA_MULTIPATH;
		interface = interface || a.type == RTA_OIF;
	}
	if (!good || head.rtm_dst_len == 0)
		return ROUTE_OTHER;
	memset(p, 0, sizeof(*p));
	prefix_make(p, head.rtm_family, &destination, head.rtm_dst_len);
	if (table == RT_TABLE_LOCAL && head.rtm_type == RTN_LOCAL)
		return ROUTE_OWN;
	if (table != RT_TABLE_MAIN || head.rtm_type != RTN_UNICAST || !interface || gateway)
		return ROUTE_OTHER;
	return head.rtm_dst_len < (head.rtm_family == AF_INET ? WIDEST4 : WIDEST6) ? ROUTE_TOO_WIDE
										   : ROUTE_ON_LINK;
}

struct routes {
	struct prefixes on_link, own;
	size_t too_wide;
};

static void handle_route(const struct netlink_message *m, void *data)
{
	struct routes *n = data;
	struct prefix p;
	enum route_kind kind = route_parse(m, &p);
	if (kind == ROUTE_ON_LINK)
		add_prefix(&n->on_link, &p);
	else if (kind == ROUTE_OWN)
		add_prefix(&n->own, &p);
	n->too_wide += kind == ROUTE_TOO_WIDE;
}

static int read_routes(struct networks *n)
{
	struct routes read = {0};
	if (n->dump_fd < 0)
		n->dump_fd = netlink_open_dump();
	if (n->dump_fd < 0 || netlink_dump(n->dump_fd, RTM_GETROUTE, handle_route, &read) < 0)
		return -1;
	if (read.on_link.left_out > n->on_link.left_out)
		log_warnx("more than %d networks are on-link: clients in %zu of them are refused",
			PREFIXES_MAX, read.on_link.left_out);
	if (read.too_wide > n->too_wide)
		log_warnx("%zu networks are wider than /%d, or /%d of IPv6: they do not count as on-link",
			read.too_wide, WIDEST4, WIDEST6);
	n->too_wide = read.too_wide;
	n->on_link = read.on_link;
	n->own = read.own;
	return 0;
}

static int open_notifications(struct networks *n)
{
	if (n->notifications.fd >= 0)
		return 0;
	n->notifications.fd = netlink_open_notifications(
		RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE);
	if (n->notifications.fd >= 0 && loop_add(n->loop, &n->notifications, EPOLLIN) == 0)
		return 0;
	int error = errno;
	loop_close(n->loop, &n->notifications);
	errno = error;
	return -1;
}

/* True when the routes were read. What failed is done again, and is in *ERROR, else 0. */
static bool read_networks(struct networks *n, int *error)
{
	/* Before the reading: a change meanwhile wakes us up. */
	*error = open_notifications(n) < 0 ? errno : 0;
	bool read = read_routes(n) == 0;
	if (!read)
		*error = errno;
	if (*error != 0)
		loop_arm(n->loop, &n->timer, now_ms() + (*error == EINTR ? PAUSE_MS : RETRY_MS));
	return read;
}

static void read_again(struct networks *n)
{
	int error;
	if (read_networks(n, &error))
		n->changed(n);
}

static void handle_timer(struct loop *loop, struct loop_timer *timer)
{
	(void)loop;
	read_again(container_of(timer, struct networks, timer));
}

static void drain(struct networks *n)
{
	if (n->notifications.fd >= 0 && netlink_drain(n->notifications.fd) < 0)
		log_warn("rtnetlink: cannot read its notifications");
}

bool networks_catch_up(struct networks *n)
{
	struct pollfd notifications = {.fd = n->notifications.fd, .events = POLLIN};
	if (n->timer.previous == NULL && poll(&notifications, 1, 0) <= 0)
		return false;
	drain(n);
	loop_disarm(n->loop, &n->timer);
	read_again(n);
	return true;
}

static void handle_notification(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	struct networks *n = container_of(w, struct networks, notifications);
	(void)events;
	drain(n);
	if (n->timer.previous == NULL)
		loop_arm(loop, &n->timer, now_ms() + PAUSE_MS);
}

void networks_init(struct networks *n, struct loop *loop, void (*changed)(struct networks *))
{
	*n = (struct networks){.loop = loop,
		.notifications = {.fd = -1, .handle = handle_notification},
		.timer.handle = handle_timer,
		.dump_fd = -1,
		.changed = changed};
	int error;
	read_networks(n, &error);
	errno = error;
	if (error != 0)
		log_warn("rtnetlink: cannot follow the networks, again in %d ms", RETRY_MS);
}

void networks_free(struct networks *n)
{
	loop_disarm(n->loop, &n->timer);
	loop_close(n->loop, &n->notifications);
	if (n->dump_fd >= 0)
		close(n->dump_fd);
	n->dump_fd = -1;
}
