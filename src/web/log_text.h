/* Lines of the log, and /log: all that it holds. */
#ifndef WEB_LOG_TEXT_H
#define WEB_LOG_TEXT_H

#include <stdint.h>

#include "status/status.h"

/* Appends the time MS of CLOCK_MONOTONIC: the date in UTC when BOOT_UNIX_MS, the clock at 0 of that, is not
 * -1; else seconds since boot. */
void text_add_log_time(struct text *t, int64_t ms, int64_t boot_unix_ms);

/* RFC 5424, table 2. */
const char *log_level_word(unsigned level);

/* Where the newest COUNT lines of S begin. */
size_t log_last_lines(const struct log_record *s, unsigned count);

#endif
