/* rtnetlink messages from any bytes: read within their bounds, and what is taken is within its limits.
 *
 * An input is what one recvmsg() returned. */
#include <linux/rtnetlink.h>

#include "fuzz.h"
#include "common/netlink_parse.h"

static void check_ip(const struct ip *ip)
{
	char written[64];
	struct text t = TEXT(written);
	struct ip again;
	text_add_ip(&t, ip);
	must(ip->family == AF_INET || ip->family == AF_INET6);
	must(!t.overflow && ip_parse(&again, written, t.used) && ip_equal(ip, &again));
}

static void check_link(const struct netlink_message *m)
{
	struct link_info link;
	if (!parse_link(m, &link))
		return;
	size_t length = strnlen(link.ifname, sizeof(link.ifname));
	must(m->type == RTM_NEWLINK && link.ifindex > 0);
	must(length > 0 && length < sizeof(link.ifname) && is_printable(link.ifname));
	must(strchr(link.ifname, '/') == NULL && link.ifname[0] != '.');
}

static void check_address(const struct netlink_message *m)
{
	struct address_info address;
	if (!parse_address(m, &address))
		return;
	must(m->type == RTM_NEWADDR && address.ifindex > 0);
	check_ip(&address.ip);
	must(address.prefix_length <= ip_bits(address.ip.family));
}

static void check_route(const struct netlink_message *m)
{
	struct route_info route;
	if (!parse_default_route(m, &route))
		return;
	must(m->type == RTM_NEWROUTE && route.hop_count > 0 && route.hop_count <= ROUTE_HOPS_MAX);
	must(route.hops_left_out == 0 || route.hop_count == ROUTE_HOPS_MAX);
	for (unsigned i = 0; i < route.hop_count; i++) {
		must(route.hop[i].ifindex > 0);
		check_ip(&route.hop[i].gateway);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct netlink_message m;
	uint8_t *bytes = copy_of(data, size, false);
	for (size_t at = 0, before = 0; netlink_next(bytes, size, &at, &m); before = at) {
		must(at > before && at <= size);
		must(m.payload >= bytes + before && m.payload + m.payload_bytes <= bytes + at);
		/* Alone, so that reading behind one message is seen. */
		uint8_t *payload = copy_of(m.payload, m.payload_bytes, false);
		m.payload = payload;
		check_link(&m);
		check_address(&m);
		check_route(&m);
		free(payload);
	}
	free(bytes);
	return 0;
}
