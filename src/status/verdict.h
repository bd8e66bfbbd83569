/* The one line that says whether the appliance does its job, and if not, what is missing. */
#ifndef STATUS_VERDICT_H
#define STATUS_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/text.h"
#include "status.h"
#include "sheet.h"

enum { VERDICT_BYTES_MAX = 1024 };

struct verdict {
	bool ready;
	enum tone tone; /* TONE_GOOD, _WARN, _BAD */
	char text[VERDICT_BYTES_MAX];
};

/* NOW_MS: CLOCK_MONOTONIC, as the records' times. */
void verdict_of(struct verdict *v, const struct status *s, int64_t now_ms);

/* What NIC waits for, in words: "waiting for an address (DHCP: discover, no IPv6 router heard, 12 s)". */
void text_add_nic_wait(struct text *t, const struct nic_record *n, int64_t now_ms);

/* The duration from NOW_MS to THEN_MS; "0 s" when that has passed. */
void text_add_time_left(struct text *t, int64_t then_ms, int64_t now_ms);

#endif
