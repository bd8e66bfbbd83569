/* The networks that this machine is in, and its own addresses: from the kernel's routes, so that they follow
 * each change of an address or a prefix. */
#ifndef THIMBLE_NETWORKS_H
#define THIMBLE_NETWORKS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/loop.h"
#include "common/net_text.h"
#include "common/netlink.h"

enum { PREFIXES_MAX = 128 };

struct prefixes {
	struct prefix list[PREFIXES_MAX];
	size_t count;
	size_t left_out;
};

struct networks {
	struct loop *loop;
	struct loop_fd notifications;
	struct loop_timer timer;
	int dump_fd;
	struct prefixes on_link; /* destinations that are reached without a gateway */
	size_t too_wide;         /* how many of them are wider than any network, and left out */
	struct prefixes own;     /* addresses of this machine, 127.0.0.0/8 and ::1 among them */
	void (*changed)(struct networks *);
};

/* Reads what there is and follows it from now on; CHANGED is called after each reading but the first. Where
 * the kernel does not answer it is asked again, and until then the machine is in no network. */
void networks_init(struct networks *n, struct loop *loop, void (*changed)(struct networks *));
void networks_free(struct networks *n);

/* Reads at once what has changed and would be read within the pause within a burst of changes. False:
 * nothing has. */
bool networks_catch_up(struct networks *n);

bool prefixes_contain(const struct prefixes *p, const struct in6_addr *address);

enum route_kind { ROUTE_OTHER, ROUTE_ON_LINK, ROUTE_TOO_WIDE, ROUTE_OWN };

/* The meaning of RTM_NEWROUTE: a destination in the main table without a gateway is on-link; or an address of
 * this machine's. A default route without a gateway (a point-to-point link) is not on-link, nor is anything
 * wider than a /8 of IPv4 or a /32 of IPv6: a router or DHCP server that announces 2000::/3 or 0.0.0.0/1
 * (option 121 with gateway 0.0.0.0) would let half the world in. */
enum route_kind route_parse(const struct netlink_message *m, struct prefix *p);

#endif
