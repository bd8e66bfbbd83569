#include "grid.h"

#include <string.h>

static int clamp(int value, int max)
{
	return value < 1 ? 1 : value > max ? max : value;
}

void grid_reset(struct grid *g, int columns, int rows)
{
	g->columns = clamp(columns, COLUMNS_MAX);
	g->rows = clamp(rows, ROWS_MAX);
	for (int row = 0; row < g->rows; row++)
		grid_fill(g, row, 0, g->columns, ATTRIBUTE_NORMAL, ' ');
}

struct cell *grid_at(struct grid *g, int row, int column)
{
	return &g->cells[row * g->columns + column];
}

int grid_put(struct grid *g, int row, int column, enum attribute a, const char *text, int length)
{
	if (row < 0 || row >= g->rows)
		return column;
	for (int i = 0; i < length && column < g->columns; i++) {
		unsigned char c = (unsigned char)text[i];
		if (i > 0 && (c & 0xc0) == 0x80 && (text[i - 1] & 0x80) != 0)
			continue;
		bool printable = c >= 0x20 && c <= 0x7e;
		*grid_at(g, row, column++) = (struct cell){printable ? c : '?', (uint8_t)a};
	}
	return column;
}

int grid_put_short(struct grid *g, int row, int column, int width, enum attribute a, const char *text)
{
	static const char mark[] = "...";
	enum { MARK_COLUMNS = sizeof(mark) - 1 };
	int length = (int)strlen(text);
	if (width <= 0)
		return column;
	if (length <= width)
		return grid_put(g, row, column, a, text, length);
	if (width <= MARK_COLUMNS)
		return grid_put(g, row, column, a, mark, width);
	column = grid_put(g, row, column, a, text, width - MARK_COLUMNS);
	return grid_put(g, row, column, a, mark, MARK_COLUMNS);
}

void grid_fill(struct grid *g, int row, int column, int width, enum attribute a, uint8_t glyph)
{
	if (row < 0 || row >= g->rows)
		return;
	for (int end = column + width; column < end && column < g->columns; column++)
		*grid_at(g, row, column) = (struct cell){glyph, (uint8_t)a};
}
