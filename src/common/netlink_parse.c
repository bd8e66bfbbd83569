#include "netlink_parse.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

static bool read_ifname(const struct netlink_attribute *a, char ifname[static IF_NAMESIZE])
{
	size_t length = strnlen((const char *)a->value, a->bytes);
	if (length == 0 || length >= IF_NAMESIZE || length == a->bytes)
		return false;
	for (size_t i = 0; i < length; i++)
		if (a->value[i] <= ' ' || a->value[i] > '~' || a->value[i] == '/')
			return false;
	memcpy(ifname, a->value, length + 1);
	return ifname[0] != '.';
}

bool parse_link(const struct netlink_message *m, struct link_info *link)
{
	struct ifinfomsg head;
	struct netlink_attribute a;
	bool good = true;

	if (m->type != RTM_NEWLINK || m->payload_bytes < sizeof(head))
		return false;
	memcpy(&head, m->payload, sizeof(head));
	*link = (struct link_info){
		.ifindex = head.ifi_index,
		.type = head.ifi_type,
		.flags = head.ifi_flags,
	};
	for (size_t at = netlink_align(sizeof(head));
		netlink_next_attribute(m->payload, m->payload_bytes, &at, &a, &good);) {
		if (a.type == IFLA_IFNAME)
			good = read_ifname(&a, link->ifname) && good;
		else if (a.type == IFLA_MTU)
			good = netlink_u32(&a, &link->mtu) && good;
		else if (a.type == IFLA_MAX_MTU)
			good = netlink_u32(&a, &link->max_mtu) && good;
		else if (a.type == IFLA_GROUP)
			good = netlink_u32(&a, &link->group) && good;
		else if (a.type == IFLA_CARRIER_UP_COUNT)
			good = netlink_u32(&a, &link->carrier_ups) && good;
		else if (a.type == IFLA_ADDRESS && a.bytes == MAC_BYTES) {
			memcpy(link->mac, a.value, MAC_BYTES);
			link->has_mac = true;
		}
	}
	return good && link->ifindex > 0 && link->ifname[0] != '\0';
}

bool parse_address(const struct netlink_message *m, struct address_info *address)
{
	struct ifaddrmsg head;
	struct ifa_cacheinfo cache;
	struct netlink_attribute a;
	struct ip local = {0}, peer = {0};
	bool good = true;

	if (m->type != RTM_NEWADDR || m->payload_bytes < sizeof(head))
		return false;
	memcpy(&head, m->payload, sizeof(head));
	*address = (struct address_info){
		.ifindex = (int)head.ifa_index,
		.prefix_length = head.ifa_prefixlen,
		.flags = head.ifa_flags,
		.valid_s = UINT32_MAX,
	};
	for (size_t at = netlink_align(sizeof(head));
		netlink_next_attribute(m->payload, m->payload_bytes, &at, &a, &good);) {
		if (a.type == IFA_LOCAL)
			good = ip_from_bytes(&local, head.ifa_family, a.value, a.bytes) && good;
		else if (a.type == IFA_ADDRESS)
			good = ip_from_bytes(&peer, head.ifa_family, a.value, a.bytes) && good;
		else if (a.type == IFA_FLAGS)
			good = netlink_u32(&a, &address->flags) && good;
		else if (a.type == IFA_PROTO && a.bytes >= sizeof(address->protocol))
			address->protocol = a.value[0];
		else if (a.type == IFA_CACHEINFO && a.bytes >= sizeof(cache)) {
			memcpy(&cache, a.value, sizeof(cache));
			address->valid_s = cache.ifa_valid;
		}
	}
	/* On a point-to-point link IFA_ADDRESS is the other end's; IPv6 without a peer has no IFA_LOCAL. */
	address->ip = local.family != AF_UNSPEC ? local : peer;
	return good && address->ifindex > 0 && address->ip.family != AF_UNSPEC &&
	       address->prefix_length <= ip_bits(address->ip.family);
}

static void add_hop(struct route_info *route, int ifindex, const struct ip *gateway)
{
	if (gateway->family == AF_UNSPEC || ifindex <= 0)
		return;
	if (route->hop_count == ROUTE_HOPS_MAX) {
		route->hops_left_out++;
		return;
	}
	route->hop[route->hop_count].ifindex = ifindex;
	route->hop[route->hop_count].gateway = *gateway;
	route->hop_count++;
}

/* RTA_GATEWAY, or RTA_VIA: a gateway of another family than the route's (RFC 5549). */
static bool read_gateway(const struct netlink_attribute *a, int family, struct ip *gateway)
{
	uint16_t via_family;
	if (a->type == RTA_GATEWAY)
		return ip_from_bytes(gateway, family, a->value, a->bytes);
	if (a->bytes < sizeof(via_family))
		return false;
	memcpy(&via_family, a->value, sizeof(via_family));
	return ip_from_bytes(
		gateway, via_family, a->value + sizeof(via_family), a->bytes - sizeof(via_family));
}

static bool parse_hops(const struct netlink_attribute *multipath, int family, struct route_info *route)
{
	struct rtnexthop hop;
	struct netlink_attribute a;
	bool good = true;

	for (size_t at = 0; at < multipath->bytes;) {
		const uint8_t *bytes = multipath->value + at;
		size_t left = multipath->bytes - at;
		struct ip gateway = {0};

		if (left < sizeof(hop))
			return false;
		memcpy(&hop, bytes, sizeof(hop));
		if (hop.rtnh_len < sizeof(hop) || hop.rtnh_len > left)
			return false;
		for (size_t i = sizeof(hop); netlink_next_attribute(bytes, hop.rtnh_len, &i, &a, &good);)
			if (a.type == RTA_GATEWAY || a.type == RTA_VIA)
				good = read_gateway(&a, family, &gateway) && good;
		add_hop(route, hop.rtnh_ifindex, &gateway);
		at += netlink_align(hop.rtnh_len);
	}
	return good;
}

bool parse_default_route(const struct netlink_message *m, struct route_info *route)
{
	struct rtmsg head;
	struct netlink_attribute a;
	struct ip gateway = {0};
	uint32_t table, ifindex = 0;
	bool good = true;

	if (m->type != RTM_NEWROUTE || m->payload_bytes < sizeof(head))
		return false;
	memcpy(&head, m->payload, sizeof(head));
	if (head.rtm_dst_len != 0 || head.rtm_type != RTN_UNICAST || (head.rtm_flags & RTM_F_CLONED))
		return false;
	table = head.rtm_table;
	*route = (struct route_info){.protocol = head.rtm_protocol};
	for (size_t at = netlink_align(sizeof(head));
		netlink_next_attribute(m->payload, m->payload_bytes, &at, &a, &good);) {
		if (a.type == RTA_TABLE)
			good = netlink_u32(&a, &table) && good;
		else if (a.type == RTA_OIF)
			good = netlink_u32(&a, &ifindex) && good;
		else if (a.type == RTA_PRIORITY)
			good = netlink_u32(&a, &route->metric) && good;
		else if (a.type == RTA_GATEWAY || a.type == RTA_VIA)
			good = read_gateway(&a, head.rtm_family, &gateway) && good;
		else if (a.type == RTA_MULTIPATH)
			good = parse_hops(&a, head.rtm_family, route) && good;
	}
	add_hop(route, (int)ifindex, &gateway);
	return good && table == RT_TABLE_MAIN && route->hop_count > 0;
}
