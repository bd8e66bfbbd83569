#include "canvas.h"

#include <string.h>

#include "common/loop.h" /* container_of */
#include "common/text.h"

enum { LINE_ROWS_MAX = 3 };

int canvas_grid_row(const struct canvas *c)
{
	bool drawn = c->grid != NULL && c->row >= c->first && c->row < c->last;
	return drawn ? c->top + c->row - c->first : -1;
}

void canvas_put(struct canvas *c, int column, enum attribute a, const char *text)
{
	int row = canvas_grid_row(c);
	if (row >= 0)
		grid_put_short(c->grid, row, column, c->sheet.columns - column - 1, a, text);
}

/* How many of LENGTH bytes go into a row of WIDTH: up to a space in its right half, at best one that ends a
 * clause or an item. */
static int row_bytes(const char *text, int length, int width)
{
	if (length <= width)
		return length;
	int bytes = width, best = 0;
	for (int i = width; i > width / 2; i--) {
		int rank = text[i] != ' ' ? 0 : text[i - 1] == ';' ? 3 : text[i - 1] == ',' ? 2 : 1;
		if (rank > best) {
			best = rank;
			bytes = i;
		}
	}
	return bytes;
}

void canvas_wrap(
	struct canvas *c, int column, int rows_limit, enum attribute a, const char *lead, const char *text)
{
	char line[CANVAS_LINE_BYTES_MAX];
	struct text t = TEXT(line);
	text_add(&t, "%s", lead);
	int lead_length = (int)t.used;
	text_add(&t, "%s", text);
	int length = (int)t.used, width = c->sheet.columns - column - 1;
	if (width < 1)
		width = 1;

	int at = 0;
	for (int i = 0; i < rows_limit; i++) {
		int bytes = i + 1 < rows_limit ? row_bytes(line + at, length - at, width) : length - at;
		int row = canvas_grid_row(c);
		if (row >= 0) {
			int led = lead_length > at ? lead_length - at : 0;
			led = led > bytes ? bytes : led;
			char piece[CANVAS_LINE_BYTES_MAX];
			memcpy(piece, line + at, (size_t)bytes);
			piece[bytes] = '\0';
			grid_put_short(c->grid, row, column, width, ATTRIBUTE_NORMAL, piece);
			for (int j = 0; j < led && j < width && column + j < c->grid->columns; j++)
				grid_at(c->grid, row, column + j)->attribute = (uint8_t)a;
		}
		c->row++;
		at += bytes;
		at += line[at] == ' ' ? 1 : 0;
		if (at >= length)
			break;
	}
}

void canvas_rule(struct canvas *c, const char *heading)
{
	c->row += c->sheet.roomy ? 1 : 0;
	int row = canvas_grid_row(c);
	if (row >= 0) {
		int column = grid_put(c->grid, row, 1, ATTRIBUTE_LABEL, heading, (int)strlen(heading));
		grid_fill(
			c->grid, row, column + 1, c->sheet.columns - column - 2, ATTRIBUTE_LABEL, GLYPH_LINE);
	}
	c->row++;
}

enum attribute attribute_of(enum tone tone)
{
	static const enum attribute attributes[TONE_COUNT] = {
		[TONE_PLAIN] = ATTRIBUTE_NORMAL,
		[TONE_STRONG] = ATTRIBUTE_STRONG,
		[TONE_GOOD] = ATTRIBUTE_GOOD,
		[TONE_WARN] = ATTRIBUTE_WARN,
		[TONE_BAD] = ATTRIBUTE_BAD,
	};
	return attributes[tone];
}

static void draw_line(
	struct sheet *sheet, const char *label, enum tone tone, const char *lead, const char *text)
{
	struct canvas *c = container_of(sheet, struct canvas, sheet);
	canvas_put(c, 1, ATTRIBUTE_LABEL, label);
	if (strlen(label) + 2 > VALUE_COLUMN)
		c->row++;
	canvas_wrap(c, VALUE_COLUMN, LINE_ROWS_MAX, attribute_of(tone), lead, text);
}

static void draw_rule(struct sheet *sheet, const char *heading)
{
	canvas_rule(container_of(sheet, struct canvas, sheet), heading);
}

struct canvas canvas_begin(struct grid *g, int columns, bool roomy)
{
	return (struct canvas){
		.sheet = {.line = draw_line, .rule = draw_rule, .columns = columns, .roomy = roomy},
		.grid = g,
	};
}

struct canvas canvas_measure(const struct canvas *like)
{
	return canvas_begin(NULL, like->sheet.columns, like->sheet.roomy);
}
