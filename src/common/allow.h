/* Clients that may connect: the settings relay.allow and status-allow. */
#ifndef THIMBLE_ALLOW_H
#define THIMBLE_ALLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "common/net_text.h"
#include "common/networks.h"

enum { ALLOW_PREFIXES_MAX = 32 };

struct allow {
	bool on_link;
	struct prefix list[ALLOW_PREFIXES_MAX];
	size_t count;
};

/* Adds one item: a prefix, `on-link`, or `none`, which adds nothing. False: it is none of these, or there
 * is no room. */
bool allow_take(struct allow *a, const char *item, size_t length);

/* Whether one of the prefixes of A has CLIENT: by name, not by being on-link. */
bool allow_names(const struct allow *a, const struct in6_addr *client);

/* Whether CLIENT, IPv4 in mapped form, may connect. Pending changes of the networks are read before a
 * client is refused: the first client may come right after the route to it. */
bool allow_client(const struct allow *a, struct networks *n, const struct in6_addr *client);

#endif
