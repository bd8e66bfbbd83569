/* From one grid to the next in bytes: an ECMA-48 subset that the Linux console, xterm, tmux, screen and
 * PuTTY have in common. Never scrolls: absolute positions, no autowrap, no newline, and the last cell of
 * the last row stays untouched. */
#ifndef CONSOLE_PAINT_H
#define CONSOLE_PAINT_H

#include <stdbool.h>

#include "common/text.h"
#include "grid.h"

enum { PAINT_BYTES_MAX = 16384 };

struct paint {
	bool virtual_terminal; /* of Linux, whose font is code page 437; elsewhere plain ASCII */
	struct grid shown;     /* what the terminal shows */
};

/* Sets the terminal up: character set, no scroll region, no autowrap, no cursor; CLEAR blanks it first (a
 * repaint without it does not flicker). After it the whole grid is repainted, at COLUMNS x ROWS. */
void paint_begin(struct paint *p, struct text *out, int columns, int rows, bool clear);

/* Asks the terminal where its last row and column are; keys_take gets the answer. */
void paint_ask_size(struct text *out);

/* Adds what turns `shown` into NEXT, which has the size given to paint_begin. False when OUT was full:
 * call it again with an empty one, with the same NEXT or a later one. */
bool paint_update(struct paint *p, struct text *out, struct grid *next);

/* Gives the terminal back: cursor and autowrap on. The cursor stands on the row below the verdict, so that
 * the kernel's last messages do not scroll the screen. */
void paint_end(const struct paint *p, struct text *out);

#endif
