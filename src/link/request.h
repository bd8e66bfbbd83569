/* What link asks the kernel for, as rtnetlink messages. */
#ifndef THIMBLE_LINK_REQUEST_H
#define THIMBLE_LINK_REQUEST_H

#include "common/ip_setting.h"
#include "common/netlink.h"

/* What link makes bears this number: an address as its protocol, a route as its, a VLAN as its group. It is
 * unused in linux/rtnetlink.h and /etc/iproute2. */
enum { LINK_MARK = 116 };

/* A new link NAME, VLAN number ID (802.1Q) on the NIC PARENT. */
void request_vlan(struct netlink_request *r, int parent, const char *name, uint16_t id);

/* The end of a VLAN. */
void request_no_vlan(struct netlink_request *r, int ifindex);

void request_mtu(struct netlink_request *r, int ifindex, uint32_t mtu);

/* TYPE: RTM_NEWADDR or RTM_DELADDR of S's address. */
void request_address(struct netlink_request *r, uint16_t type, int ifindex, const struct ip_setting *s);

/* TYPE: RTM_NEWROUTE or RTM_DELROUTE of the default route by S's gateway. */
void request_gateway(struct netlink_request *r, uint16_t type, int ifindex, const struct ip_setting *s);

#endif
