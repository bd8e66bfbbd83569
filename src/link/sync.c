#include "sync.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "common/log.h"
#include "common/record.h"
#include "conflicts.h"
#include "ipv6.h"
#include "mtu.h"
#include "records/nic.h"
#include "report.h"
#include "request.h"

enum { SETTING_NAME_BYTES = 18 }; /* of a NIC or a MAC */

static void handle_address(const struct netlink_message *m, void *data)
{
	struct sync *s = data;
	struct address_info a;
	if (!parse_address(m, &a))
		return;
	for (size_t i = 0; i < s->nics.count && a.ip.family == AF_INET; i++)
		if (s->nics.nic[i].link.ifindex == a.ifindex)
			conflicts_note(&s->nics.nic[i], a.ip.bytes, a.protocol == LINK_MARK);
	for (size_t i = 0; i < s->wanted_count; i++) {
		struct wanted *w = &s->wanted[i];
		if (w->setting.kind != IP_STATIC || w->nic == NULL || w->nic->link.ifindex != a.ifindex ||
			w->setting.family != a.ip.family || w->setting.prefix_length != a.prefix_length ||
			memcmp(w->setting.address, a.ip.bytes, sizeof(a.ip.bytes)) != 0)
			continue;
		w->present = true;
		w->failed = (a.flags & IFA_F_DADFAILED) != 0;
		if (w->failed || !(a.flags & IFA_F_TENTATIVE))
			w->duplicate = w->failed;
	}
}

/* 0, or -1 with errno. */
static int read_kernel(struct sync *s)
{
	if (nics_read(&s->nics, s->ask_fd) < 0)
		return -1;
	if (leftovers_remove_vlans(s)) {
		errno = EINTR;
		return -1;
	}
	for (size_t i = 0; i < s->wanted_count; i++) {
		struct wanted *w = &s->wanted[i];
		w->nic = nics_of_setting(&s->nics, &w->setting);
		w->present = w->failed = false;
	}
	conflicts_begin();
	if (netlink_dump(s->ask_fd, RTM_GETADDR, handle_address, s) < 0)
		return -1;
	return leftovers_read(s);
}

/* The setting's item number I is not the first that names its NIC this way. */
static bool is_told(const struct sync *s, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (ip_setting_same_nic(&s->wanted[k].setting, &s->wanted[i].setting))
			return true;
	return false;
}

static void handle_missing(struct sync *s, const struct ip_setting *setting)
{
	struct netlink_request r;
	struct nic *below = nics_below(&s->nics, setting->ifname);
	char name[SETTING_NAME_BYTES];
	struct text t = TEXT(name);
	const uint8_t *m = setting->mac;
	if (below != NULL) {
		/* A notification of the kernel follows when it is there. */
		request_vlan(&r, below->link.ifindex, setting->ifname, setting->vlan);
		if (netlink_ask(s->ask_fd, &r) < 0) {
			report_problem("%s: VLAN refused: %s", setting->ifname, strerror(errno));
			s->troubled = true;
		}
		return;
	}
	if (setting->by_mac)
		text_add(&t, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
	else
		text_add(&t, "%s", setting->ifname);
	report_waiting(name);
}

static void report_named_twice(const struct sync *s, const struct wanted *by_mac)
{
	for (size_t i = 0; i < s->wanted_count; i++) {
		const struct wanted *w = &s->wanted[i];
		if (w->nic == by_mac->nic && !w->setting.by_mac) {
			report_problem("%s: set by name and by MAC, both hold", w->setting.ifname);
			return;
		}
	}
}

static void switch_ipv6_off(struct nic *nic)
{
	if (nic->ipv6_off)
		return;
	nic->ipv6_off = true;
	if (ipv6_switch_off(nic->link.ifname) < 0)
		report_problem("%s: IPv6 stays on: %s", nic->link.ifname, strerror(errno));
}

/* A NIC that is seen for the first time may have been `none` for an earlier link process. */
static void switch_ipv6_on(const struct sync *s, const struct nic *nic)
{
	for (size_t i = 0; i < s->wanted_count; i++)
		if (s->wanted[i].nic == nic && s->wanted[i].setting.kind == IP_NONE)
			return;
	if (s->settings_known && ipv6_switch_on(nic->link.ifname) < 0)
		report_problem("%s: IPv6 stays off: %s", nic->link.ifname, strerror(errno));
}

/* What only an earlier link process knew of it. */
static void meet(const struct sync *s, struct nic *nic)
{
	if (nic->known)
		return;
	nic->known = true;
	nic->mtu_before = report_former_mtu(nic->link.ifindex);
	switch_ipv6_on(s, nic);
}

/* Asks for R; false and a problem when the kernel refuses. WHAT and ADDRESS are for the words. */
static bool request_change(struct sync *s, const struct wanted *w, struct netlink_request *r,
	const char *what, const uint8_t *address)
{
	char text[INET6_ADDRSTRLEN];
	if (netlink_ask(s->ask_fd, r) == 0 || errno == EEXIST)
		return true;
	int error = errno;
	report_problem("%s: %s %s refused: %s", w->nic->link.ifname, what,
		inet_ntop(w->setting.family, address, text, sizeof(text)), strerror(error));
	s->troubled = true;
	return false;
}

static void put_address(struct sync *s, struct wanted *w, bool again)
{
	struct netlink_request r;
	int ifindex = w->nic->link.ifindex;
	char text[INET6_ADDRSTRLEN];
	/* dhcpcd brings each NIC up, once it has set how the kernel is to probe addresses on it. */
	if (!(w->nic->link.flags & IFF_UP))
		return;
	if (w->duplicate) {
		report_problem("%s: address %s: another machine has it", w->nic->link.ifname,
			inet_ntop(w->setting.family, w->setting.address, text, sizeof(text)));
		s->troubled = true;
	}
	if (w->failed && again) {
		request_address(&r, RTM_DELADDR, ifindex, &w->setting);
		w->present = netlink_ask(s->ask_fd, &r) < 0;
	}
	if (!w->present) {
		request_address(&r, RTM_NEWADDR, ifindex, &w->setting);
		if (!request_change(s, w, &r, "address", w->setting.address))
			return;
	}
	if (w->setting.has_gateway && !w->failed) {
		request_gateway(&r, RTM_NEWROUTE, ifindex, &w->setting);
		request_change(s, w, &r, "gateway", w->setting.gateway);
	}
}

static void handle_wanted(struct sync *s, size_t i, bool again)
{
	struct wanted *w = &s->wanted[i];
	if (w->setting.every_nic)
		return;
	if (w->nic == NULL) {
		if (!is_told(s, i))
			handle_missing(s, &w->setting);
		return;
	}
	if (w->setting.by_mac && !is_told(s, i))
		report_named_twice(s, w);
	if (w->setting.kind == IP_NONE)
		switch_ipv6_off(w->nic);
	else if (w->setting.kind == IP_STATIC)
		put_address(s, w, again);
}

/* A VLAN without an MTU of its own follows its NIC. */
static uint32_t find_mtu(const struct sync *s, const struct nic *nic, const struct nic *below)
{
	static struct record_view v;
	bool told = s->mtu == 0 && record_read(&v, "net", nic->link.ifname) == 0;
	uint32_t lease = told ? (uint32_t)record_get_number(&v, KEY_OF(nic, dhcp4_mtu), 0) : 0;
	if (below != NULL && s->mtu == 0 && lease == 0)
		return below->link.mtu;
	return mtu_wanted(s->mtu, lease, told ? record_get(&v, KEY_OF(nic, dhcp4)) : NULL, nic->mtu_before);
}

static void handle_mtu(struct sync *s, struct nic *nic)
{
	struct netlink_request r;
	const struct nic *below = nics_below(&s->nics, nic->link.ifname);
	uint32_t mtu = find_mtu(s, nic, below), most = nic->link.max_mtu;
	if (below != NULL && (most == 0 || most > below->link.mtu))
		most = below->link.mtu;
	if (most > 0 && mtu > most) {
		report_problem("%s: MTU %u: it takes %u at most", nic->link.ifname, mtu, most);
		mtu = most;
	}
	if (mtu != 0 && mtu != nic->link.mtu) {
		request_mtu(&r, nic->link.ifindex, mtu);
		if (netlink_ask(s->ask_fd, &r) < 0) {
			report_problem("%s: MTU %u refused: %s", nic->link.ifname, mtu, strerror(errno));
			s->troubled = true;
		} else {
			if (nic->mtu_before == 0)
				nic->mtu_before = nic->link.mtu;
			nic->link.mtu = mtu;
		}
	}
	if (nic->mtu_before == nic->link.mtu)
		nic->mtu_before = 0;
	if (nic->mtu_before != 0)
		report_mtu_before(nic->link.ifindex, nic->mtu_before);
}

int sync_run(struct sync *s, bool again)
{
	s->troubled = false;
	report_begin();
	if (read_kernel(s) < 0)
		return -1;
	for (size_t i = 0; i < s->nics.count; i++)
		meet(s, &s->nics.nic[i]);
	leftovers_remove(s);
	for (size_t i = 0; i < s->wanted_count; i++)
		handle_wanted(s, i, again);
	for (size_t i = 0; i < s->nics.count; i++)
		handle_mtu(s, &s->nics.nic[i]);
	conflicts_end(s->arp_fd);
	report_commit();
	return 0;
}
