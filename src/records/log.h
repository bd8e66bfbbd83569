/* The records log/state and log/lines. */
#ifndef RECORDS_LOG_H
#define RECORDS_LOG_H

#include <stdbool.h>

#include "common/log_lines.h"
#include "fields.h"

struct log_record {
	enum record_status status;
	bool whole;            /* all lines are read, not only as many as fit below the status */
	long long lines_total; /* since boot */
	long long count;       /* of those in `lines`, the newest */
	size_t bytes;
	char lines[LOG_LINES_BYTES_MAX];
};

/* clang-format off */
#define LOG_KEYS(TEXT, NUMBER, KEY) \
	NUMBER(lines_total, -1, "lines since boot, those left out not counted") \
	NUMBER(limited, 0, \
		"lines left out because their source brought too many, in all") \
	KEY("limited.N", "`NAME COUNT`: the same of each source that did") \
	TEXT(collector, 272, \
		"the one in force: `udp://HOST:PORT`, `tcp://HOST:PORT`; of several from DHCP " \
		"the first") \
	TEXT(collector_origin, 16, "where that is from: `setting`, `dhcp`") \
	TEXT(state, 16, \
		"`off` (by the setting), `no collector` (nobody names one), `waiting` (no way " \
		"to it, or its name is not resolved), `connecting`, `sending`, `slow` (it does " \
		"not take lines as fast as they come), `failed`") \
	KEY("since_ms", "when it came into this state") \
	TEXT(error, 96, \
		"of `waiting` and `failed`, in words: `Connection refused`, `closed by the " \
		"collector`") \
	KEY("peer", "`ADDRESS:PORT` of the socket that there is") \
	NUMBER(sent, 0, \
		"lines handed over, each counted once: over TCP those that the collector's " \
		"kernel has not acknowledged when a connection ends are sent again. Never gets " \
		"smaller") \
	NUMBER(lost, 0, \
		"lines that the 64 KB had no more place for before they could be sent") \
	NUMBER(queued, 0, "lines that wait to be sent")
/* clang-format on */

/* clang-format off */
#define TAIL_KEYS(TEXT, NUMBER, KEY) \
	KEY("lines_total", "lines since boot") \
	KEY("lines_dropped", "lines that the ring no longer holds") \
	KEY("line.N", \
		"`MS LEVEL NAME TEXT`: MS of CLOCK_MONOTONIC, LEVEL the syslog severity 0 to 7," \
		" NAME the child or `kernel`")
/* clang-format on */

/* Where lines are sent (docs/records.md, log/state). */
struct collector_record {
	enum record_status status;
	RECORD_MEMBERS(LOG_KEYS)
};

void collector_record_read(
	struct collector_record *s, const struct record_view *v, enum record_status status);

/* S->lines holds BYTES, all of the form, as log_lines_read gives them; LINES_TOTAL as log/state tells it, or
 * -1. */
void log_record_read(struct log_record *s, size_t bytes, long long lines_total, enum record_status status);

#endif
