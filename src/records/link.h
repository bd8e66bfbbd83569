/* The record link/state. */
#ifndef RECORDS_LINK_H
#define RECORDS_LINK_H

#include "fields.h"

enum { LINK_LINES_MAX = 8 };

/* clang-format off */
#define LINK_KEYS(TEXT, NUMBER, KEY) \
	KEY("waiting.N", "a NIC or MAC of the setting `ip` that is not there") \
	KEY("problem.N", \
		"in words: `eth0: gateway 192.0.2.1 refused: Network is unreachable`, `eth0: " \
		"MTU 9000: it takes 1500 at most`") \
	KEY("problems", "how many those are, 0 when none") \
	KEY("mtu_before.IFINDEX", \
		"the MTU that the NIC had before `link` changed it: for `link` itself, should " \
		"it start anew")
/* clang-format on */

/* What of the settings of addresses, VLANs and MTUs is not in force, in words. */
struct link_record {
	char lines[LINK_LINES_MAX][128];
	unsigned count; /* in all; more than LINK_LINES_MAX are not kept */
};

void link_record_read(struct link_record *s, const struct record_view *v, enum record_status status);

#endif
