/* A line as a syslog message (RFC 5424). */
#ifndef THIMBLE_LOG_MESSAGE_H
#define THIMBLE_LOG_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/log_lines.h"

/* RFC 5424 6.1: what every receiver should take. */
enum { MESSAGE_BYTES_MAX = 2048 };

/* The machine's facts at the time of sending. */
struct message_origin {
	const char *host_name;
	int64_t clock_ahead_ms; /* CLOCK_REALTIME, since 1970 UTC, less CLOCK_MONOTONIC */
	bool clock_known;       /* else messages have no time */
	bool clock_in_step;     /* with a time server */
};

/* Writes E, the line of that NUMBER (from 1), without a NUL. Returns its length. */
size_t message_write(char bytes[static MESSAGE_BYTES_MAX], const struct log_entry *e, uint64_t number,
	const struct message_origin *o);

#endif
