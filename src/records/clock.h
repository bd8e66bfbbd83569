/* The record clock/state. */
#ifndef RECORDS_CLOCK_H
#define RECORDS_CLOCK_H

#include "fields.h"

/* clang-format off */
#define CLOCK_STATES(X) \
	X(CLOCK_OFF, "off", " (by the setting)") \
	X(CLOCK_NO_SERVERS, "no servers", " (none is named)") \
	X(CLOCK_NO_ADDRESS, "no address", " (yet)") \
	X(CLOCK_ASKING, "asking", " (no good answer yet)") \
	X(CLOCK_SET, "set", " (by a step; not yet kept in step)") \
	X(CLOCK_SYNCHRONISED, "synchronised", "") \
	X(CLOCK_LOST, "lost", " (it was; no server answers any more)")
/* clang-format on */

enum clock_state { CLOCK_STATES(WORD_ID) CLOCK_STATE_COUNT };
extern const char *const clock_state_words[CLOCK_STATE_COUNT];

/* clang-format off */
#define CLOCK_KEYS(TEXT, NUMBER, LIST, KEY) \
	TEXT(state, 16, 0, WORDS(CLOCK_STATES)) \
	NUMBER(since_ms, -1, 0, "when it came into this state") \
	TEXT(source, 16, 0, \
		"`ntp` once a server has set or adjusted the clock since boot; left out before") \
	TEXT(server, 64, 0, \
		"the address that the time is from; `set`, `synchronised` and `lost` only") \
	NUMBER(told_ms, -1, 0, "when ntpd reported that") \
	NUMBER(stratum, -1, 0, \
		"of this machine: its server's plus one; `synchronised` only") \
	TEXT(offset_us, 24, 0, \
		"the clock's error then, as ntpd measured it, to be added to the clock; " \
		"`synchronised` only") \
	TEXT(asked_origin, 16, 0, "the source of the servers: `setting`, `dhcp`") \
	LIST(asked, "the servers, names or addresses")
/* clang-format on */

struct clock_told RECORD_TOLD(CLOCK_KEYS);

struct clock_record {
	enum record_status status;
	RECORD_MEMBERS(CLOCK_KEYS)
};

void clock_record_read(struct clock_record *s, const struct record_view *v, enum record_status status);
void clock_record_write(struct record *r, const struct clock_told *told);
extern const struct record_field clock_fields[];

#endif
