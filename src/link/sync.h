/* One comparison of what the settings want with what the kernel has. */
#ifndef THIMBLE_LINK_SYNC_H
#define THIMBLE_LINK_SYNC_H

#include "leftovers.h"
#include "nics.h"

/* One item of the setting `ip`, and what became of it. */
struct wanted {
	struct ip_setting setting;
	struct nic *nic; /* NULL: not there */
	bool present;    /* the kernel has its address */
	bool failed;     /* and duplicate address detection found another machine with it */
	bool duplicate;  /* it did, and the address was not usable since */
};

struct sync {
	int ask_fd;   /* netlink_open_dump */
	int arp_fd;   /* arp_open */
	uint32_t mtu; /* the setting; 0: none */
	struct wanted wanted[IP_SETTINGS_MAX];
	size_t wanted_count;
	bool settings_known; /* what is not wanted is not set either */
	struct leftovers leftovers;
	struct nics nics;
	bool troubled; /* something was refused and may be tried again */
};

/* Removes what link set and the settings no longer name, asks the kernel for what is missing, and reports.
 * AGAIN: retries duplicate addresses too. 0; or -1 with errno: the kernel's state could not be read, EINTR
 * when it changed meanwhile. */
int sync_run(struct sync *s, bool again);

#endif
