#include "paint.h"

#include <string.h>

enum {
	STEP_BYTES_MAX = 48,   /* a position, an attribute, a glyph, the reset at the end */
	GAP_COLUMNS_MAX = 6,   /* unchanged cells that cost no more than a new position */
	GLYPH_UNKNOWN = 0,     /* differs from every glyph that can be shown */
	LINE_IN_FONT = '\304', /* U+2500 in code page 437 */
};

/* Basic SGR (ECMA-48 8.3.117): bold, reverse and the eight colours, readable on black and on white. */
static const char *const attribute_sgr[ATTRIBUTE_COUNT] = {
	[ATTRIBUTE_NORMAL] = "\033[0m",
	[ATTRIBUTE_STRONG] = "\033[0;1m",
	[ATTRIBUTE_LABEL] = "\033[0;36m",
	[ATTRIBUTE_BAR] = "\033[0;7m",
	[ATTRIBUTE_GOOD] = "\033[0;1;32m",
	[ATTRIBUTE_WARN] = "\033[0;1;33m",
	[ATTRIBUTE_BAD] = "\033[0;1;37;41m",
};

void paint_begin(struct paint *p, struct text *out, int columns, int rows, bool clear)
{
	/* The Linux console: bytes go to the font as they are, with CONFIG_CONSOLE_TRANSLATIONS and without.
	 * A line: G0 is ASCII, and shifted in, whatever line noise chose (ECMA-35). */
	text_add(
		out, "%s\033[r\033[?7l\033[?25l\033[0m", p->virtual_terminal ? "\033%@\033(U" : "\017\033(B");
	if (clear)
		text_add(out, "\033[2J");
	grid_reset(&p->shown, columns, rows);
	for (int row = 0; row < p->shown.rows; row++)
		grid_fill(&p->shown, row, 0, p->shown.columns, ATTRIBUTE_NORMAL, clear ? ' ' : GLYPH_UNKNOWN);
}

void paint_ask_size(struct text *out)
{
	text_add(out, "\033[999;999H\033[6n");
}

static bool same(struct cell a, struct cell b)
{
	return a.glyph == b.glyph && a.attribute == b.attribute;
}

static bool blank(struct cell c)
{
	return c.glyph == ' ' && c.attribute == ATTRIBUTE_NORMAL;
}

/* Position and attribute of the terminal while a frame is painted. */
struct brush {
	int row, column;
	uint8_t attribute;
};

static void move_to(struct brush *b, struct text *out, int row, int column)
{
	if (b->row != row || b->column != column)
		text_add(out, "\033[%d;%dH", row + 1, column + 1);
	b->row = row;
	b->column = column;
}

static void set_attribute(struct brush *b, struct text *out, uint8_t attribute)
{
	if (b->attribute != attribute)
		text_add(out, "%s", attribute_sgr[attribute]);
	b->attribute = attribute;
}

static void put_cell(struct paint *p, struct brush *b, struct text *out, int row, int column, struct cell c)
{
	set_attribute(b, out, c.attribute);
	/* By hand: a screen has thousands of cells, and the first one is drawn while all programs start. */
	char line = p->virtual_terminal ? LINE_IN_FONT : '-';
	out->data[out->used++] = c.glyph == GLYPH_LINE ? line : (char)c.glyph;
	out->data[out->used] = '\0';
	b->column++;
	if (b->column == p->shown.columns)
		b->row = -1; /* at the right edge terminals differ in where the cursor is */
	*grid_at(&p->shown, row, column) = c;
}

/* Paints the changed cells of ROW. False when OUT is full. */
static bool paint_row(struct paint *p, struct brush *b, struct text *out, struct grid *next, int row)
{
	int end = next->columns - (row == next->rows - 1 ? 1 : 0);
	int tail = end; /* from here on the row is blank: one erase does it */
	while (tail > 0 && blank(*grid_at(next, row, tail - 1)))
		tail--;
	for (int column = 0; column < tail; column++) {
		if (same(*grid_at(&p->shown, row, column), *grid_at(next, row, column)))
			continue;
		if (out->size - out->used < STEP_BYTES_MAX + GAP_COLUMNS_MAX * 16)
			return false;
		/* Writing a few unchanged cells again is shorter than jumping over them. */
		while (b->row == row && b->column < column && column - b->column <= GAP_COLUMNS_MAX)
			put_cell(p, b, out, row, b->column, *grid_at(next, row, b->column));
		move_to(b, out, row, column);
		put_cell(p, b, out, row, column, *grid_at(next, row, column));
	}
	for (int column = tail; column < end; column++) {
		if (blank(*grid_at(&p->shown, row, column)))
			continue;
		if (out->size - out->used < STEP_BYTES_MAX)
			return false;
		move_to(b, out, row, column);
		set_attribute(b, out, ATTRIBUTE_NORMAL);
		text_add(out, "\033[K");
		grid_fill(&p->shown, row, column, end - column, ATTRIBUTE_NORMAL, ' ');
	}
	return true;
}

bool paint_update(struct paint *p, struct text *out, struct grid *next)
{
	struct brush b = {.row = -1, .attribute = ATTRIBUTE_NORMAL};
	bool whole = true;
	for (int row = 0; row < next->rows && whole; row++)
		whole = paint_row(p, &b, out, next, row);
	set_attribute(&b, out, ATTRIBUTE_NORMAL);
	return whole;
}

void paint_end(const struct paint *p, struct text *out)
{
	text_add(out, "\033[0m\033[3;1H\033[?7h\033[?25h%s", p->virtual_terminal ? "\033(B\033%G" : "");
}
