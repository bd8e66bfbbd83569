/* What ntpd calls its program of -S with (busybox, networking/ntpd.c run_script()), as one line in a pipe:
 * "ACTION STRATUM OFFSET PEER", "stratum 3 -0.000321 192.0.2.1". */
#ifndef CLOCK_REPORT_H
#define CLOCK_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/text.h"

enum { REPORT_STRATUM_NONE = 16, REPORT_PEER_BYTES_MAX = 64, REPORT_LINE_MAX = 160 };

enum report_action {
	REPORT_STEP,     /* the clock was set */
	REPORT_STRATUM,  /* it is in step with a server of another stratum than before */
	REPORT_PERIODIC, /* 11 minutes have gone by */
	REPORT_UNSYNC,   /* eight packets were not answered */
	REPORT_ACTION_COUNT
};

struct report {
	enum report_action action;
	unsigned stratum; /* REPORT_STRATUM_NONE: not in step with any server */
	int64_t offset_us;
	char peer[REPORT_PEER_BYTES_MAX]; /* "" for none */
};

/* Reads a line of LENGTH bytes without its newline. False: not of that form. */
bool report_parse(struct report *r, const char *line, size_t length);

/* Appends the line for ACTION and what the environment says. Only what is parsed again is trusted, so nothing
 * is checked here. */
void text_add_report(struct text *t, const char *action);

#endif
