#include "leftovers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "common/log.h"
#include "report.h"
#include "request.h"
#include "sync.h"

static const char *name_of(const struct sync *s, int ifindex)
{
	for (size_t i = 0; i < s->nics.count; i++)
		if (s->nics.nic[i].link.ifindex == ifindex)
			return s->nics.nic[i].link.ifname;
	return NULL;
}

static bool is_named(const struct sync *s, const struct leftover *l)
{
	const size_t bytes = sizeof(l->setting.address);
	for (size_t i = 0; i < s->wanted_count; i++) {
		const struct ip_setting *w = &s->wanted[i].setting;
		if (s->wanted[i].nic == NULL || s->wanted[i].nic->link.ifindex != l->ifindex ||
			w->kind != IP_STATIC || w->family != l->setting.family)
			continue;
		if (l->is_gateway ? w->has_gateway && memcmp(w->gateway, l->setting.gateway, bytes) == 0
				  : w->prefix_length == l->setting.prefix_length &&
					    memcmp(w->address, l->setting.address, bytes) == 0)
			return true;
	}
	return false;
}

static void keep(struct sync *s, const struct leftover *l)
{
	if (name_of(s, l->ifindex) != NULL && !is_named(s, l) && s->leftovers.count < LEFTOVERS_MAX)
		s->leftovers.item[s->leftovers.count++] = *l;
}

static void handle_address(const struct netlink_message *m, void *data)
{
	struct address_info a;
	if (!parse_address(m, &a) || a.protocol != LINK_MARK)
		return;
	struct leftover l = {
		.ifindex = a.ifindex, .setting = {.family = a.ip.family, .prefix_length = a.prefix_length}};
	memcpy(l.setting.address, a.ip.bytes, sizeof(a.ip.bytes));
	keep(data, &l);
}

static void handle_route(const struct netlink_message *m, void *data)
{
	struct route_info route;
	if (!parse_default_route(m, &route) || route.protocol != LINK_MARK)
		return;
	for (unsigned i = 0; i < route.hop_count; i++) {
		struct leftover l = {.is_gateway = true,
			.ifindex = route.hop[i].ifindex,
			.setting = {.family = route.hop[i].gateway.family}};
		memcpy(l.setting.gateway, route.hop[i].gateway.bytes, sizeof(l.setting.gateway));
		keep(data, &l);
	}
}

int leftovers_read(struct sync *s)
{
	s->leftovers.count = 0;
	if (!s->settings_known)
		return 0;
	/* Gateways first: the last address that goes would take them with it. */
	if (netlink_dump(s->ask_fd, RTM_GETROUTE, handle_route, s) < 0)
		return -1;
	return netlink_dump(s->ask_fd, RTM_GETADDR, handle_address, s);
}

/* Asks for the removal R. True when it is done, or when the object was gone already. */
static bool request_removal(struct sync *s, struct netlink_request *r, const char *ifname, const char *what)
{
	if (netlink_ask(s->ask_fd, r) == 0 || errno == EADDRNOTAVAIL || errno == ESRCH || errno == ENODEV) {
		log_info("%s: %s is not set any more: taken away", ifname, what);
		return true;
	}
	report_problem("%s: %s is not set any more, but stays: %s", ifname, what, strerror(errno));
	s->troubled = true;
	return false;
}

void leftovers_remove(struct sync *s)
{
	for (size_t i = 0; i < s->leftovers.count; i++) {
		const struct leftover *l = &s->leftovers.item[i];
		char address[INET6_ADDRSTRLEN], what[16 + INET6_ADDRSTRLEN];
		struct text t = TEXT(what);
		struct netlink_request r;
		if (l->is_gateway)
			request_gateway(&r, RTM_DELROUTE, l->ifindex, &l->setting);
		else
			request_address(&r, RTM_DELADDR, l->ifindex, &l->setting);
		text_add(&t, "%s %s", l->is_gateway ? "gateway" : "address",
			inet_ntop(l->setting.family, l->is_gateway ? l->setting.gateway : l->setting.address,
				address, sizeof(address)));
		request_removal(s, &r, name_of(s, l->ifindex), what);
	}
}

static bool vlan_is_named(const struct sync *s, const char *name)
{
	for (size_t i = 0; i < s->wanted_count; i++)
		if (strcmp(s->wanted[i].setting.ifname, name) == 0)
			return true;
	return false;
}

bool leftovers_remove_vlans(struct sync *s)
{
	bool any = false;
	for (size_t i = 0; s->settings_known && i < s->nics.count; i++) {
		const struct link_info *link = &s->nics.nic[i].link;
		struct netlink_request r;
		if (link->group != LINK_MARK || vlan_is_named(s, link->ifname))
			continue;
		request_no_vlan(&r, link->ifindex);
		any = request_removal(s, &r, link->ifname, "VLAN") || any;
	}
	return any;
}
