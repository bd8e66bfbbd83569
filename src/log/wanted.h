/* The log's receiver: from the setting `syslog`, else from DHCP. */
#ifndef THIMBLE_LOG_WANTED_H
#define THIMBLE_LOG_WANTED_H

#include <stdbool.h>

#include "common/collector.h"
#include "common/record.h"
#include "lookup.h"

struct wanted {
	bool off, any, by_dhcp;     /* any: there is one */
	struct collector collector; /* by DHCP the first of them */
	unsigned peer_count;        /* 0: its name must be resolved */
	union peer peers[PEERS_MAX];
};

/* SETTING is the value of `syslog`; NET_RESOLVER is looked at only when that is empty. */
void wanted_read(struct wanted *w, const char *setting, const struct record_view *net_resolver);

bool wanted_equal(const struct wanted *a, const struct wanted *b);

#endif
