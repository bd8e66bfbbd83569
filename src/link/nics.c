#include "nics.h"

#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <string.h>

struct nic *nics_find(struct nics *nics, const char *name, size_t length)
{
	for (size_t i = 0; i < nics->count; i++) {
		const char *known = nics->nic[i].link.ifname;
		if (strlen(known) == length && memcmp(known, name, length) == 0)
			return &nics->nic[i];
	}
	return NULL;
}

struct nic *nics_below(struct nics *nics, const char *name)
{
	const char *dot = strchr(name, '.');
	return dot == NULL ? NULL : nics_find(nics, name, (size_t)(dot - name));
}

struct nic *nics_of_setting(struct nics *nics, const struct ip_setting *s)
{
	if (!s->by_mac)
		return nics_find(nics, s->ifname, strlen(s->ifname));
	for (size_t i = 0; i < nics->count; i++) {
		struct nic *nic = &nics->nic[i];
		if (nic->link.has_mac && memcmp(nic->link.mac, s->mac, sizeof(s->mac)) == 0 &&
			strchr(nic->link.ifname, '.') == NULL)
			return nic;
	}
	return NULL;
}

static void handle_link(const struct netlink_message *m, void *data)
{
	struct nics *nics = data;
	struct link_info link;
	size_t i = 0;
	/* A slave is part of another NIC, with the same MAC: Hyper-V's fast path below its synthetic one. */
	if (!parse_link(m, &link) || link.type != ARPHRD_ETHER || (link.flags & (IFF_LOOPBACK | IFF_SLAVE)))
		return;
	while (i < nics->count && nics->nic[i].link.ifindex != link.ifindex)
		i++;
	if (i == LINK_NICS_MAX)
		return;
	if (i == nics->count)
		nics->nic[nics->count++] = (struct nic){0};
	nics->nic[i].link = link;
	nics->nic[i].seen = true;
}

int nics_read(struct nics *nics, int fd)
{
	size_t kept = 0;
	for (size_t i = 0; i < nics->count; i++)
		nics->nic[i].seen = false;
	if (netlink_dump(fd, RTM_GETLINK, handle_link, nics) < 0)
		return -1;
	for (size_t i = 0; i < nics->count; i++)
		if (nics->nic[i].seen)
			nics->nic[kept++] = nics->nic[i];
	nics->count = kept;
	return 0;
}
