/* The name of the machine. */
#ifndef THIMBLE_HOST_NAME_H
#define THIMBLE_HOST_NAME_H

#include "common/config.h"
#include "common/net_text.h"

/* The setting's name, else the one that DHCP gives, else one made of the MAC. Only init sets
 * it. */
struct host_name {
	const char *origin;                   /* "setting", "dhcp" or "mac" */
	char at_boot[MACHINE_NAME_MAX + 1];   /* before DHCP has said anything: what dhcpcd sends */
	char from_dhcp[2 * MACHINE_NAME_MAX]; /* the last one looked at, cut to this, so that each is logged
						 once */
};
void host_name_begin(struct host_name *h, const struct config *c);
/* NAME: what the network calls this machine now, checked here; NULL, nothing: the name stays as it is. */
void host_name_follow(struct host_name *h, const char *name);

#endif
