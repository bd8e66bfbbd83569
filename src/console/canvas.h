/* A window of rows onto a list that may be longer than the screen: rows outside it are counted, not
 * drawn. With no grid it only measures. */
#ifndef CONSOLE_CANVAS_H
#define CONSOLE_CANVAS_H

#include <stdbool.h>

#include "grid.h"

enum { VALUE_COLUMN = 11, CANVAS_LINE_BYTES_MAX = 1200 };

struct canvas {
	struct grid *grid; /* NULL: measure */
	int columns;
	bool roomy;      /* there is place for what is only nice to know */
	int top;         /* the grid's row that shows row `first` */
	int first, last; /* rows first <= row < last are drawn */
	int row;         /* where the next line goes */
};

/* Puts TEXT at COLUMN of the present row without ending it. */
void canvas_put(struct canvas *c, int column, enum attribute a, const char *text);

/* Writes LEAD in attribute A and TEXT after it, from COLUMN on, broken at blanks into at most ROWS_LIMIT
 * rows, and ends the line. What is longer still ends in "...". */
void canvas_wrap(
	struct canvas *c, int column, int rows_limit, enum attribute a, const char *lead, const char *text);

/* A line "Label     lead text"; a label that is too long for its column gets a row of its own. */
void canvas_line(struct canvas *c, const char *label, enum attribute a, const char *lead, const char *text);

/* A heading with a rule up to the right edge, after a blank row when there is place. */
void canvas_rule(struct canvas *c, const char *heading);

/* The grid's row of the present row, or -1 when it is not drawn. */
int canvas_grid_row(const struct canvas *c);

#endif
