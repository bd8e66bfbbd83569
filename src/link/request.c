#include "request.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

void request_vlan(struct netlink_request *r, int parent, const char *name, uint16_t id)
{
	struct ifinfomsg body = {0};
	netlink_begin(r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &body, sizeof(body));
	netlink_add(r, IFLA_IFNAME, name, strlen(name) + 1);
	netlink_add_u32(r, IFLA_LINK, (uint32_t)parent);
	netlink_add_u32(r, IFLA_GROUP, LINK_MARK);
	size_t info = netlink_add(r, IFLA_LINKINFO, NULL, 0);
	netlink_add(r, IFLA_INFO_KIND, "vlan", sizeof("vlan"));
	size_t data = netlink_add(r, IFLA_INFO_DATA, NULL, 0);
	netlink_add(r, IFLA_VLAN_ID, &id, sizeof(id));
	netlink_close(r, data);
	netlink_close(r, info);
}

void request_no_vlan(struct netlink_request *r, int ifindex)
{
	struct ifinfomsg body = {.ifi_index = ifindex};
	netlink_begin(r, RTM_DELLINK, 0, &body, sizeof(body));
}

void request_mtu(struct netlink_request *r, int ifindex, uint32_t mtu)
{
	struct ifinfomsg body = {.ifi_index = ifindex};
	netlink_begin(r, RTM_NEWLINK, 0, &body, sizeof(body));
	netlink_add_u32(r, IFLA_MTU, mtu);
}

static size_t address_length(const struct ip_setting *s)
{
	return s->family == AF_INET ? 4 : 16;
}

void request_address(struct netlink_request *r, uint16_t type, int ifindex, const struct ip_setting *s)
{
	struct ifaddrmsg body = {
		.ifa_family = (uint8_t)s->family,
		.ifa_prefixlen = (uint8_t)s->prefix_length,
		.ifa_index = (uint32_t)ifindex,
	};
	netlink_begin(r, type, type == RTM_NEWADDR ? NLM_F_CREATE | NLM_F_EXCL : 0, &body, sizeof(body));
	netlink_add(r, IFA_LOCAL, s->address, address_length(s));
	netlink_add(r, IFA_ADDRESS, s->address, address_length(s));
	if (type == RTM_NEWADDR)
		netlink_add(r, IFA_PROTO, &(uint8_t){LINK_MARK}, sizeof(uint8_t));
}

void request_gateway(struct netlink_request *r, uint16_t type, int ifindex, const struct ip_setting *s)
{
	struct rtmsg body = {
		.rtm_family = (uint8_t)s->family,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = LINK_MARK,
		.rtm_scope = RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
		/* The gateway is on the link even without a route to it: with a prefix of one address, or in
		 * a network that begins with 0.0.0.0, for which the kernel makes no route. */
		.rtm_flags = RTNH_F_ONLINK,
	};
	netlink_begin(r, type, type == RTM_NEWROUTE ? NLM_F_CREATE | NLM_F_EXCL : 0, &body, sizeof(body));
	netlink_add(r, RTA_GATEWAY, s->gateway, address_length(s));
	netlink_add_u32(r, RTA_OIF, (uint32_t)ifindex);
	/* The first NIC first, as dhcpcd has it; and all before dhcpcd's, which begin at 1000. */
	netlink_add_u32(r, RTA_PRIORITY, (uint32_t)ifindex);
}
