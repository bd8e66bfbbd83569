/* The NICs that the kernel has, as far as link needs them. */
#ifndef THIMBLE_LINK_NICS_H
#define THIMBLE_LINK_NICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/ip_setting.h"
#include "common/netlink_parse.h"
#include "records/nic.h"

enum { LINK_NICS_MAX = NICS_MAX + IP_SETTINGS_MAX }; /* and a VLAN for each setting */

struct nic {
	struct link_info link;
	bool seen, known;    /* seen: while the kernel is asked */
	bool ipv6_off;       /* switched off by this process */
	uint32_t mtu_before; /* what it had before us; 0: we have not changed it */
};

struct nics {
	size_t count;
	struct nic nic[LINK_NICS_MAX];
};

/* Makes NICS like the kernel's Ethernet links, asked by FD; what is known of those that stay is kept. 0, or
 * -1 with errno: ask again. */
int nics_read(struct nics *nics, int fd);

/* LENGTH bytes of NAME. NULL: not there. */
struct nic *nics_find(struct nics *nics, const char *name, size_t length);

/* The NIC that S names; NULL: not there. A VLAN has its NIC's MAC and is found by name only. */
struct nic *nics_of_setting(struct nics *nics, const struct ip_setting *s);

/* The NIC below a VLAN's name, "eth0" of "eth0.5"; NULL: that is no VLAN, or it is not there. */
struct nic *nics_below(struct nics *nics, const char *name);

#endif
