/* The screen as cells. Whatever is put in comes out as printable glyphs: this is the one place that
 * keeps foreign bytes from the terminal. */
#ifndef CONSOLE_GRID_H
#define CONSOLE_GRID_H

#include <stdbool.h>
#include <stdint.h>

enum {
	COLUMNS_MAX = 240,
	ROWS_MAX = 100,
	GLYPH_LINE = 0x80, /* beside ASCII, the only glyph: a horizontal line */
};

enum attribute {
	ATTRIBUTE_NORMAL,
	ATTRIBUTE_STRONG,
	ATTRIBUTE_LABEL,
	ATTRIBUTE_BAR, /* title and keys */
	ATTRIBUTE_GOOD,
	ATTRIBUTE_WARN,
	ATTRIBUTE_BAD,
	ATTRIBUTE_COUNT
};

struct cell {
	uint8_t glyph;
	uint8_t attribute;
};

struct grid {
	int columns, rows;
	struct cell cells[COLUMNS_MAX * ROWS_MAX];
};

/* All blank, COLUMNS x ROWS cut to what a grid holds. */
void grid_reset(struct grid *g, int columns, int rows);

struct cell *grid_at(struct grid *g, int row, int column);

/* Writes the first LENGTH bytes of TEXT from COLUMN on, up to the right edge; a byte that is not
 * printable ASCII becomes '?', a sequence of UTF-8 one '?'. Returns the column after it. Nothing is
 * written on a row outside the grid. */
int grid_put(struct grid *g, int row, int column, enum attribute a, const char *text, int length);

/* The same, at most WIDTH columns; what is longer ends in "...". */
int grid_put_short(struct grid *g, int row, int column, int width, enum attribute a, const char *text);

void grid_fill(struct grid *g, int row, int column, int width, enum attribute a, uint8_t glyph);

#endif
