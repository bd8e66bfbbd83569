/* /log: all lines that the log holds, as text. */
#ifndef WEB_LOG_TEXT_H
#define WEB_LOG_TEXT_H

#include <stdint.h>

#include "answer.h"

/* Appends the time MS of CLOCK_MONOTONIC: the date in UTC when BOOT_UNIX_MS, the clock at 0 of that, is not
 * -1; else seconds since boot. */
void text_add_log_time(struct text *t, int64_t ms, int64_t boot_unix_ms);

/* RFC 5424, table 2. */
const char *log_level_word(unsigned level);

/* Reads log/lines. */
void log_text_write(struct answer *a, int64_t boot_unix_ms);

#endif
