/* The record clock/state. */
#ifndef RECORDS_CLOCK_H
#define RECORDS_CLOCK_H

#include "fields.h"

/* clang-format off */
#define CLOCK_KEYS(TEXT, NUMBER, KEY) \
	KEY("state", \
		"`off` (by the setting), `no servers` (nobody names any), `no address` (yet), " \
		"`asking` (no good answer yet), `set` (by a step; not yet kept in step), " \
		"`synchronised`, `lost` (it was; no server answers any more)") \
	KEY("since_ms", "when it came into this state") \
	KEY("source", \
		"`ntp` once a server has set or adjusted the clock since boot; left out before") \
	KEY("server", \
		"the address that the time is from; `set`, `synchronised` and `lost` only") \
	KEY("told_ms", "when that was told") \
	KEY("offset_us", \
		"how far the clock was off then, as ntpd had measured, to be added to it; " \
		"`synchronised` only") \
	KEY("stratum", \
		"of this machine: its server's and one more; `synchronised` only") \
	KEY("asked_origin", "where the servers are from: `setting`, `dhcp`") \
	KEY("asked.N", "the servers, names or addresses")
/* clang-format on */

#endif
