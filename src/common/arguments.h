/* Splits a line of arguments into words as the shell does: one rule for all of them. */
#ifndef THIMBLE_ARGUMENTS_H
#define THIMBLE_ARGUMENTS_H

#include <stddef.h>

/* Splits LINE in place, by POSIX.1-2017 XCU 2.2 without its expansions, at spaces and tabs. '...'
 * keeps everything. "..." keeps everything but a backslash before one of \ " $ `, which makes that one
 * literal. Outside quotes a backslash makes the next byte literal.
 *
 * WORDS gets at most MAX - 1 pointers into LINE, and a NULL; WORDS may be NULL. *COUNT is how many. NULL, or
 * why it cannot be done; LINE and WORDS are then of no use, and *COUNT is 0. */
const char *arguments_split(char *line, char **words, size_t max, size_t *count);

#endif
