#include "conflicts.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "arp.h"
#include "common/log.h"
#include "report.h"

/* IFF_LOWER_UP, of linux/if.h, which cannot be included beside net/if.h; and IFF_RUNNING: the kernel has
 * noticed the carrier. Packets sent before that are lost (net/core/link_watch.c). */
#define FLAGS_PASSES (0x10000u | IFF_RUNNING)

enum {
	PROBES = 3, /* in a round; RFC 5227 1.1 */
	PROBE_INTERVAL_MS = 1000,
	ANNOUNCE_EVERY = 2, /* with every second probe: ANNOUNCE_NUM and ANNOUNCE_INTERVAL there */
	ROUND_INTERVAL_MS = 15000,
};

struct address {
	int ifindex;
	char ifname[IF_NAMESIZE];
	uint8_t mac[6], ip[4], other[6];
	uint32_t carrier_ups; /* of the NIC */
	bool noted;
	bool announce;   /* in this round */
	bool taken;      /* OTHER has it as well */
	bool heard;      /* and said so since the round began */
	int probes_left; /* of the round */
	int64_t due_ms;  /* the next probe; 0: at once */
};

static struct address list[ARP_HEARD_MAX];
static size_t count, heard_count;

void conflicts_begin(void)
{
	for (size_t i = 0; i < count; i++)
		list[i].noted = false;
}

static struct address *find(int ifindex, const uint8_t *ip)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].ifindex == ifindex && memcmp(list[i].ip, ip, sizeof(list[i].ip)) == 0)
			return &list[i];
	return NULL;
}

void conflicts_note(const struct nic *nic, const uint8_t address[static 4], bool announce)
{
	const struct link_info *link = &nic->link;
	/* A conflict that was found belongs to the network that the NIC was in. */
	if ((link->flags & FLAGS_PASSES) != FLAGS_PASSES || !link->has_mac)
		return;
	struct address *a = find(link->ifindex, address);
	bool anew = a == NULL;
	if (anew) {
		if (count == ARP_HEARD_MAX)
			return;
		a = &list[count++];
	}
	if (anew || a->carrier_ups != link->carrier_ups || memcmp(a->mac, link->mac, sizeof(a->mac)) != 0) {
		*a = (struct address){.ifindex = link->ifindex,
			.carrier_ups = link->carrier_ups,
			.probes_left = PROBES,
			.announce = announce};
		memcpy(a->mac, link->mac, sizeof(a->mac));
		memcpy(a->ip, address, sizeof(a->ip));
	}
	snprintf(a->ifname, sizeof(a->ifname), "%s", link->ifname);
	a->noted = true;
}

static void hear_all(int fd)
{
	uint8_t addresses[ARP_HEARD_MAX][4];
	for (size_t i = 0; i < count; i++)
		memcpy(addresses[i], list[i].ip, sizeof(addresses[i]));
	if (arp_hear(fd, addresses, count) < 0)
		log_warn("IPv4 addresses that others have as well go unnoticed");
}

void conflicts_end(int fd)
{
	size_t kept = 0;
	bool changed;
	for (size_t i = 0; i < count; i++)
		if (list[i].noted)
			list[kept++] = list[i];
	changed = kept != count || count != heard_count;
	count = heard_count = kept;
	if (changed)
		hear_all(fd);
	for (size_t i = 0; i < count; i++) {
		const struct address *a = &list[i];
		const uint8_t *m = a->other;
		char text[INET_ADDRSTRLEN];
		if (a->taken)
			report_problem(
				"%s: address %s: another machine has it, %02x:%02x:%02x:%02x:%02x:%02x",
				a->ifname, inet_ntop(AF_INET, a->ip, text, sizeof(text)), m[0], m[1], m[2],
				m[3], m[4], m[5]);
	}
}

bool conflicts_hear(int fd)
{
	struct arp_sender s;
	bool changed = false;
	while (arp_receive(fd, &s)) {
		struct address *a = find(s.ifindex, s.address);
		/* Of our own packets some come back. Of others the first one of a round is told: whoever
		 * claims it with a new MAC each time is reported once. */
		if (a == NULL || a->heard || memcmp(a->mac, s.mac, sizeof(s.mac)) == 0)
			continue;
		changed = changed || !a->taken || memcmp(a->other, s.mac, sizeof(s.mac)) != 0;
		memcpy(a->other, s.mac, sizeof(s.mac));
		a->taken = a->heard = true;
	}
	return changed;
}

static void ask(int fd, struct address *a, int64_t now_ms, bool *changed)
{
	if (a->probes_left == 0) {
		if (!a->heard) {
			a->taken = false;
			*changed = true;
			return;
		}
		a->heard = false;
		a->probes_left = PROBES;
	}
	a->probes_left--;
	a->due_ms = now_ms + (a->probes_left > 0 ? PROBE_INTERVAL_MS : ROUND_INTERVAL_MS);
	if (arp_probe(fd, a->ifindex, a->mac, a->ip) < 0)
		log_warn("%s: cannot ask whether another machine has its address", a->ifname);
	if (a->announce && !a->taken && a->probes_left % ANNOUNCE_EVERY == 0 &&
		arp_announce(fd, a->ifindex, a->mac, a->ip) < 0)
		log_warn("%s: cannot announce its address", a->ifname);
	a->announce = a->announce && a->probes_left > 0;
}

int64_t conflicts_ask(int fd, int64_t now_ms, bool *changed)
{
	int64_t next = -1;
	for (size_t i = 0; i < count; i++) {
		struct address *a = &list[i];
		if ((a->probes_left > 0 || a->taken) && a->due_ms <= now_ms)
			ask(fd, a, now_ms, changed);
		if ((a->probes_left > 0 || a->taken) && (next < 0 || a->due_ms < next))
			next = a->due_ms;
	}
	return next;
}
