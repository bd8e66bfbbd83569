/* rtnetlink messages (RFC 3549, linux/rtnetlink.h), bytes in and structs out. Nothing is trusted: a
 * message that is truncated or has a wrong length is refused as a whole. */
#ifndef THIMBLE_NETLINK_PARSE_H
#define THIMBLE_NETLINK_PARSE_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ip.h"
#include "netlink.h"

enum { MAC_BYTES = 6 };

struct link_info {
	int ifindex;
	uint16_t type;         /* ARPHRD_* */
	unsigned flags;        /* IFF_* */
	uint32_t mtu, max_mtu; /* max_mtu 0: no limit given */
	uint32_t group;
	uint32_t carrier_ups; /* how often it came */
	char ifname[IF_NAMESIZE];
	bool has_mac;
	uint8_t mac[MAC_BYTES];
};

/* RTM_NEWLINK. Needs a name that can be a file's: printable, no '/'. */
bool parse_link(const struct netlink_message *m, struct link_info *link);

struct address_info {
	int ifindex;
	struct ip ip;
	uint8_t prefix_length;
	uint32_t flags;   /* IFA_F_* */
	uint32_t valid_s; /* UINT32_MAX: infinite */
	uint8_t protocol; /* IFAPROT_*, or another number of the program that set it; 0: none */
};

/* RTM_NEWADDR of AF_INET or AF_INET6. */
bool parse_address(const struct netlink_message *m, struct address_info *address);

enum { ROUTE_HOPS_MAX = 8 };

struct route_info {
	uint8_t protocol; /* RTPROT_* */
	uint32_t metric;
	unsigned hop_count, hops_left_out;
	struct {
		int ifindex;
		struct ip gateway;
	} hop[ROUTE_HOPS_MAX];
};

/* RTM_NEWROUTE of a unicast default route in the main table with at least one gateway; false for every
 * other route. */
bool parse_default_route(const struct netlink_message *m, struct route_info *route);

#endif
