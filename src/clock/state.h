/* How the clock is kept, and the record clock/state. */
#ifndef CLOCK_STATE_H
#define CLOCK_STATE_H

#include "records/clock.h"
#include "report.h"
#include "servers.h"

struct state {
	enum clock_state word;
	bool is_ntps; /* a server has set or adjusted the clock since boot */
	int64_t since_ms, told_ms;
	struct report last; /* of ntpd, for the states from CLOCK_SET on */
};

/* Whether a server answers. */
bool state_good(const struct state *s);

/* Takes WORD, reported at NOW_MS, unless it is the present one. True when something changed. */
bool state_set(struct state *s, enum clock_state word, int64_t now_ms);

/* Takes a report of ntpd's. */
void state_report(struct state *s, const struct report *r, int64_t now_ms);

void state_to_record(struct record *r, const struct state *s, const struct servers *asked);

#endif
