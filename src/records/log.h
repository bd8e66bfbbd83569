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
#define SENDER_STATES(X) \
	X(SENDER_OFF, "off", " (by the setting)") \
	X(SENDER_NO_COLLECTOR, "no collector", " (none is named)") \
	X(SENDER_WAITING, "waiting", " (no way to it, or its name is not resolved)") \
	X(SENDER_CONNECTING, "connecting", "") \
	X(SENDER_SENDING, "sending", "") \
	X(SENDER_SLOW, "slow", " (it accepts lines slower than they arrive)") \
	X(SENDER_FAILED, "failed", "")
/* clang-format on */

enum sender_state { SENDER_STATES(WORD_ID) SENDER_STATE_COUNT };
extern const char *const sender_state_words[SENDER_STATE_COUNT];

/* clang-format off */
#define LOG_KEYS(TEXT, NUMBER, LIST, KEY) \
	NUMBER(lines_total, -1, 0, "lines since boot, those left out not counted") \
	NUMBER(limited, 0, 1, \
		"lines left out because their source brought too many, in all") \
	LIST(limited, "`NAME COUNT`: the same of each source that did") \
	TEXT(collector, 272, 1, \
		"the one in force: `udp://HOST:PORT`, `tcp://HOST:PORT`; of several from DHCP " \
		"the first") \
	TEXT(collector_origin, 16, 1, "its source: `setting`, `dhcp`") \
	TEXT(state, 16, 1, WORDS(SENDER_STATES)) \
	NUMBER(since_ms, -1, 0, "when it came into this state") \
	TEXT(error, 96, 1, \
		"of `waiting` and `failed`, in words: `Connection refused`, `closed by the " \
		"collector`") \
	TEXT(peer, 64, 0, "`ADDRESS:PORT` of the present socket") \
	NUMBER(sent, 0, 1, \
		"lines sent, each counted once, though over TCP those not acknowledged when a connection ends " \
		"are sent again. Never decreases") \
	NUMBER(lost, 0, 1, \
		"lines that left the 64 KB before they could be sent") \
	NUMBER(queued, 0, 1, "lines that wait to be sent")

#define COLLECTOR_METRICS(X) \
	X(limited, COUNTER, "log_limited_total", "Lines that were left out: their writers brought too many.") \
	X(sent, COUNTER, "syslog_sent_total", "Lines that were sent to the collector.") \
	X(lost, COUNTER, "syslog_lost_total", "Lines that the collector did not take in time.") \
	X(queued, GAUGE, "syslog_queued", "Lines that wait to be sent.")
/* clang-format on */

/* clang-format off */
#define TAIL_KEYS(TEXT, NUMBER, LIST, KEY) \
	NUMBER(lines_total, 0, 0, "lines since boot") \
	NUMBER(lines_dropped, 0, 0, "lines that the ring no longer holds") \
	LIST(line, \
		"`MS LEVEL NAME TEXT`: MS of CLOCK_MONOTONIC, LEVEL the syslog severity 0 to 7," \
		" NAME the child or `kernel`")
/* clang-format on */

struct collector_told RECORD_TOLD(LOG_KEYS);

/* Where lines are sent (docs/records.md, log/state). */
struct collector_record {
	enum record_status status;
	RECORD_MEMBERS(LOG_KEYS)
};

void collector_record_read(
	struct collector_record *s, const struct record_view *v, enum record_status status);
void collector_record_write(struct record *r, const struct collector_told *told);
extern const struct record_field collector_fields[];

/* S->lines holds BYTES, all of the form, as log_lines_read gives them; LINES_TOTAL as log/state tells it, or
 * -1. */
void log_record_read(struct log_record *s, size_t bytes, long long lines_total, enum record_status status);

struct tail_told RECORD_TOLD(TAIL_KEYS);
void tail_record_write(struct record *r, const struct tail_told *told);
extern const struct record_field tail_fields[];

#endif
