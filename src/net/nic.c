#include "nic.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "common/netlink.h"

/* linux/if.h, which cannot stand beside net/if.h */
#define FLAG_LOWER_UP 0x10000u

/* The kernel gives lifetimes in whole seconds: an expiry that moves by less than this has not moved. */
enum { EXPIRY_JITTER_MS = 1500 };

struct refresh {
	struct nics *nics;
	int64_t now_ms;
};

static struct nic *find_index(const struct nics *nics, int ifindex)
{
	struct nic *nic = nics->first;
	while (nic != NULL && nic->ifindex != ifindex)
		nic = nic->next;
	return nic;
}

struct nic *nics_find(const struct nics *nics, const char *ifname)
{
	struct nic *nic = nics->first;
	while (nic != NULL && strcmp(nic->ifname, ifname) != 0)
		nic = nic->next;
	return nic;
}

static void read_driver(struct nic *nic)
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq request = {.ifr_data = (char *)&info};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	memcpy(request.ifr_name, nic->ifname, IF_NAMESIZE);
	if (fd < 0)
		return;
	if (ioctl(fd, SIOCETHTOOL, &request) == 0) {
		struct text t = TEXT(nic->driver);
		text_add(&t, "%.*s", (int)sizeof(nic->driver) - 1, info.driver);
	}
	close(fd);
}

static struct nic *add_nic(struct nics *nics, const struct link_info *link)
{
	struct nic **at = &nics->first, *nic;
	if (nics->count == NICS_MAX) {
		nics->left_out++;
		return NULL;
	}
	nic = calloc(1, sizeof(*nic));
	if (nic == NULL) {
		log_warn("%s: no memory for it", link->ifname);
		return NULL;
	}
	while (*at != NULL && (*at)->ifindex < link->ifindex)
		at = &(*at)->next;
	nic->ifindex = link->ifindex;
	nic->next = *at;
	nic->told.no_address_since_ms = -1;
	*at = nic;
	nics->count++;
	return nic;
}

static void handle_link(const struct netlink_message *m, void *data)
{
	struct refresh *refresh = data;
	struct link_info link;
	struct nic *nic;

	/* A slave is part of another NIC: Hyper-V's fast path below its synthetic one. */
	if (!parse_link(m, &link) || link.type != ARPHRD_ETHER || (link.flags & (IFF_LOOPBACK | IFF_SLAVE)))
		return;
	nic = find_index(refresh->nics, link.ifindex);
	if (nic != NULL && strcmp(nic->ifname, link.ifname) != 0)
		return; /* renamed: not seen, so it goes, and comes back at the next refresh */
	if (nic == NULL && (nic = add_nic(refresh->nics, &link)) == NULL)
		return;
	if (nic->ifname[0] == '\0') {
		memcpy(nic->ifname, link.ifname, sizeof(nic->ifname));
		read_driver(nic);
	}
	nic->seen = true;
	nic->has_mac = link.has_mac;
	memcpy(nic->mac, link.mac, sizeof(nic->mac));
	nic->mtu = link.mtu;
	nic->carrier = (link.flags & IFF_UP) != 0 && (link.flags & FLAG_LOWER_UP) != 0;
}

static bool moved(int64_t before_ms, int64_t now_ms)
{
	if (before_ms == FOREVER || now_ms == FOREVER)
		return before_ms != now_ms;
	return before_ms - now_ms > EXPIRY_JITTER_MS || now_ms - before_ms > EXPIRY_JITTER_MS;
}

static const struct address *find_address(const struct address_list *list, const struct ip *ip)
{
	for (unsigned i = 0; i < list->count; i++)
		if (ip_equal(&list->entry[i].ip, ip))
			return &list->entry[i];
	return NULL;
}

static void handle_address(const struct netlink_message *m, void *data)
{
	struct refresh *refresh = data;
	struct address_info info;
	struct nic *nic;

	if (!parse_address(m, &info) || (nic = find_index(refresh->nics, info.ifindex)) == NULL)
		return;
	if (nic->addresses.count == NIC_ADDRESSES_MAX) {
		nic->addresses.left_out++;
		return;
	}
	struct address *a = &nic->addresses.entry[nic->addresses.count++];
	*a = (struct address){
		.ip = info.ip,
		.prefix_length = info.prefix_length,
		.flags = info.flags,
		.expires_ms = FOREVER,
	};
	if (info.valid_s != UINT32_MAX)
		a->expires_ms = refresh->now_ms + (int64_t)info.valid_s * 1000;
	const struct address *before = find_address(&nic->addresses_before, &a->ip);
	if (before != NULL && !moved(before->expires_ms, a->expires_ms))
		a->expires_ms = before->expires_ms;
}

static void handle_route(const struct netlink_message *m, void *data)
{
	struct refresh *refresh = data;
	struct route_info route;

	if (!parse_default_route(m, &route))
		return;
	for (unsigned i = 0; i < route.hop_count; i++) {
		struct nic *nic = find_index(refresh->nics, route.hop[i].ifindex);
		if (nic == NULL)
			continue;
		if (nic->gateways.count == NIC_GATEWAYS_MAX) {
			nic->gateways.left_out++;
			continue;
		}
		nic->gateways.entry[nic->gateways.count++] = (struct gateway){
			.ip = route.hop[i].gateway,
			.protocol = route.protocol,
			.metric = route.metric,
		};
	}
}

static struct nic *take_gone(struct nics *nics)
{
	struct nic *gone = NULL;
	for (struct nic **at = &nics->first; *at != NULL;) {
		struct nic *nic = *at;
		if (nic->seen) {
			at = &nic->next;
			continue;
		}
		*at = nic->next;
		nic->next = gone;
		gone = nic;
		nics->count--;
	}
	return gone;
}

/* IPv4 first, then global IPv6, then link-local; within each as the kernel has them. */
static unsigned rank(const struct ip *ip)
{
	return (ip_is_link_local(ip) ? 2u : 0u) + (ip->family == AF_INET6 ? 1u : 0u);
}

static void sort_addresses(struct address_list *list)
{
	for (unsigned i = 1; i < list->count; i++) {
		struct address moving = list->entry[i];
		unsigned to = i;
		for (; to > 0 && rank(&list->entry[to - 1].ip) > rank(&moving.ip); to--)
			list->entry[to] = list->entry[to - 1];
		list->entry[to] = moving;
	}
}

/* By the rule of nic_address_usable() in src/records/nic.h, on what the kernel has. */
static bool has_usable_address(const struct nic *nic, int64_t now_ms)
{
	for (unsigned i = 0; i < nic->addresses.count; i++) {
		const struct address *a = &nic->addresses.entry[i];
		if (!ip_is_link_local(&a->ip) && !(a->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) &&
			a->expires_ms > now_ms)
			return true;
	}
	return false;
}

static int refresh_addresses(struct refresh *refresh, int fd)
{
	int result;
	for (struct nic *nic = refresh->nics->first; nic != NULL; nic = nic->next) {
		nic->addresses_before = nic->addresses;
		nic->addresses.count = nic->addresses.left_out = 0;
	}
	result = netlink_dump(fd, RTM_GETADDR, handle_address, refresh);
	for (struct nic *nic = refresh->nics->first; nic != NULL; nic = nic->next) {
		if (result < 0)
			nic->addresses = nic->addresses_before;
		sort_addresses(&nic->addresses);
		nic_adopt_expiry(nic);
		if (!nic->carrier || has_usable_address(nic, refresh->now_ms))
			nic->told.no_address_since_ms = -1;
		else if (nic->told.no_address_since_ms < 0)
			nic->told.no_address_since_ms = refresh->now_ms;
	}
	return result;
}

int nics_refresh(struct nics *nics, int fd, int64_t now_ms, struct nic **gone)
{
	struct refresh refresh = {.nics = nics, .now_ms = now_ms};

	for (struct nic *nic = nics->first; nic != NULL; nic = nic->next)
		nic->seen = false;
	nics->left_out = 0;
	*gone = NULL;
	if (netlink_dump(fd, RTM_GETLINK, handle_link, &refresh) < 0)
		return -1;
	*gone = take_gone(nics);
	if (refresh_addresses(&refresh, fd) < 0)
		return -1;
	for (struct nic *nic = nics->first; nic != NULL; nic = nic->next)
		nic->gateways.count = nic->gateways.left_out = 0;
	return netlink_dump(fd, RTM_GETROUTE, handle_route, &refresh);
}

void nics_free_list(struct nic *list)
{
	while (list != NULL) {
		struct nic *next = list->next;
		free(list->written);
		free(list);
		list = next;
	}
}

static bool lease_has(const struct lease *lease, const struct ip *ip)
{
	for (unsigned i = 0; lease->held && i < lease->address_count; i++)
		if (ip_equal(&lease->address[i], ip))
			return true;
	return false;
}

static bool ra_made(const struct ra *ra, const struct ip *ip)
{
	for (unsigned i = 0; i < ra->address_count; i++)
		if (ip_equal(&ra->address[i], ip))
			return true;
	return false;
}

enum origin nic_address_origin(const struct nic *nic, const struct address *a)
{
	if (ip_is_link_local(&a->ip))
		return ORIGIN_LINK_LOCAL;
	if (lease_has(&nic->leases.dhcp4, &a->ip) || lease_has(&nic->leases.dhcp6, &a->ip))
		return ORIGIN_DHCP;
	if (ra_made(&nic->leases.ra, &a->ip))
		return ORIGIN_SLAAC;
	if (a->flags & IFA_F_PERMANENT)
		return ORIGIN_STATIC;
	/* dhcpcd has not reported it, or is dead: only it sets lifetimes, and DHCPv6 addresses as /128. */
	return a->ip.family == AF_INET || a->prefix_length == 128 ? ORIGIN_DHCP : ORIGIN_SLAAC;
}

enum origin gateway_origin(const struct gateway *g)
{
	switch (g->protocol) {
	case RTPROT_DHCP:
		return ORIGIN_DHCP;
	case RTPROT_RA:
		return ORIGIN_RA;
	default:
		return ORIGIN_STATIC;
	}
}

/* The latest end among LEASE's addresses that the kernel has; -1 when it has none of them. */
static int64_t end_of_addresses(const struct nic *nic, const struct lease *lease)
{
	int64_t end_ms = -1;
	for (unsigned i = 0; i < nic->addresses.count; i++) {
		const struct address *a = &nic->addresses.entry[i];
		if (lease_has(lease, &a->ip) && a->expires_ms > end_ms)
			end_ms = a->expires_ms;
	}
	return end_ms;
}

bool nic_lease_in_force(const struct nic *nic, const struct lease *lease)
{
	return lease->held && (lease->address_count == 0 || end_of_addresses(nic, lease) >= 0);
}

static void adopt(const struct nic *nic, struct lease *lease)
{
	int64_t end_ms = end_of_addresses(nic, lease);
	if (end_ms >= 0 && moved(lease->expires_ms, end_ms))
		lease->expires_ms = end_ms;
}

void nic_adopt_expiry(struct nic *nic)
{
	adopt(nic, &nic->leases.dhcp4);
	adopt(nic, &nic->leases.dhcp6);
}
