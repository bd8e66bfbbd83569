/* A window of rows onto a list that may be longer than the screen: rows outside it are counted, not
 * drawn. With no grid it only measures. */
#ifndef CONSOLE_CANVAS_H
#define CONSOLE_CANVAS_H

#include "grid.h"
#include "status/sheet.h"

enum { CANVAS_LINE_BYTES_MAX = 1200 };

struct canvas {
	struct sheet sheet; /* the status is written to it */
	struct grid *grid;  /* NULL: measure */
	int top;            /* the grid's row that shows row `first` */
	int first, last;    /* rows first <= row < last are drawn */
	int row;            /* where the next line goes */
};

/* No rows yet. A label that is too long for its column will get a row of its own. */
struct canvas canvas_begin(struct grid *g, int columns, bool roomy);

/* The same size and nothing drawn: for counting rows. */
struct canvas canvas_measure(const struct canvas *like);

/* Puts TEXT at COLUMN of the present row without ending it. */
void canvas_put(struct canvas *c, int column, enum attribute a, const char *text);

/* Writes LEAD in attribute A and TEXT after it, from COLUMN on, broken at spaces into at most ROWS_LIMIT
 * rows, and ends the line. What is longer still ends in "...". */
void canvas_wrap(
	struct canvas *c, int column, int rows_limit, enum attribute a, const char *lead, const char *text);

/* A heading with a rule up to the right edge, after a blank row when there is place. */
void canvas_rule(struct canvas *c, const char *heading);

enum attribute attribute_of(enum tone tone);

/* The grid's row of the present row, or -1 when it is not drawn. */
int canvas_grid_row(const struct canvas *c);

#endif
