/* The record link/state. */
#ifndef RECORDS_LINK_H
#define RECORDS_LINK_H

#include "fields.h"

enum { LINK_LINES_MAX = 8 };

/* clang-format off */
#define LINK_KEYS(TEXT, NUMBER, LIST, KEY) \
	LIST(waiting, "a NIC or MAC of the setting `ip` that is not there") \
	LIST(problem, \
		"in words: `eth0: gateway 192.0.2.1 refused: Network is unreachable`, `eth0: " \
		"MTU 9000: it takes 1500 at most`") \
	NUMBER(problems, 0, 0, "how many those are, 0 when none") \
	KEY("mtu_before.IFINDEX", \
		"the MTU that the NIC had before `link` changed it: for `link` itself, after a restart")
/* clang-format on */

/* What of the settings of addresses, VLANs and MTUs is not in force, in words. */
struct link_record {
	char lines[LINK_LINES_MAX][128];
	unsigned count; /* in all; more than LINK_LINES_MAX are not kept */
};

void link_record_read(struct link_record *s, const struct record_view *v, enum record_status status);

/* Add to a record that was begun, in the order in which things are found. NUMBER from 1; END last. */
void link_record_add_waiting(struct record *r, unsigned number, const char *nic);
void link_record_add_problem(struct record *r, unsigned number, const char *words);
void link_record_add_mtu_before(struct record *r, int ifindex, uint32_t mtu);
void link_record_end(struct record *r, unsigned problem_count);

/* What link_record_add_mtu_before told of IFINDEX; 0: nothing. */
uint32_t link_mtu_before_read(const struct record_view *v, int ifindex);

#endif
