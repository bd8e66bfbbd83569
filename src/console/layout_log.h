/* Lines of the log. A line's number counts from boot, so it stays the same while new ones come in. */
#ifndef CONSOLE_LAYOUT_LOG_H
#define CONSOLE_LAYOUT_LOG_H

#include "canvas.h"
#include "status/status.h"

/* The number of the oldest line that S holds; the newest is S->lines_total. */
long long log_oldest(const struct log_record *s);

/* Draws lines, number END the last of them, into C's rows from the present one to C->last, C's window
 * starting at row 0. WRAP: long ones over several rows, else cut with a mark. Returns the number of the
 * first one shown; 0: none. */
long long log_draw(struct canvas *c, const struct log_record *s, long long end, bool wrap);

#endif
