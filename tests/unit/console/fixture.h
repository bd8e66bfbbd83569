/* What the screen's tests read. */
#ifndef CONSOLE_TEST_FIXTURE_H
#define CONSOLE_TEST_FIXTURE_H

#include "grid.h"
#include "unit/status/fixture.h"

/* The grid as text, a newline after each row; the rule's glyph as '-'. */
static inline const char *text_of(struct grid *g)
{
	static char text[(COLUMNS_MAX + 1) * ROWS_MAX + 1];
	char *at = text;
	for (int row = 0; row < g->rows; row++) {
		for (int column = 0; column < g->columns; column++) {
			uint8_t glyph = grid_at(g, row, column)->glyph;
			assert_true(glyph == GLYPH_LINE || (glyph >= 0x20 && glyph <= 0x7e));
			*at++ = glyph == GLYPH_LINE ? '-' : (char)glyph;
		}
		*at++ = '\n';
	}
	*at = '\0';
	return text;
}

#endif
