/* What an earlier link process set, because the settings named it, and the present ones do not. */
#ifndef THIMBLE_LINK_LEFTOVERS_H
#define THIMBLE_LINK_LEFTOVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/ip_setting.h"

enum {
	LEFTOVERS_MAX = 2 * IP_SETTINGS_MAX
}; /* an address and a gateway of each; more have to wait for the next look */

struct leftover {
	bool is_gateway;
	int ifindex;
	struct ip_setting setting; /* the address, or the gateway */
};

struct leftovers {
	size_t count;
	struct leftover item[LEFTOVERS_MAX];
};

struct sync;

/* Reads S's leftovers from the kernel, as far as S knows its NICs and what is wanted of them. 0, or -1 with
 * errno: ask again. */
int leftovers_read(struct sync *s);

/* Takes them away. */
void leftovers_remove(struct sync *s);

/* Removes VLANs that no item of the settings names. True when there was one: the NICs have changed. */
bool leftovers_remove_vlans(struct sync *s);

#endif
