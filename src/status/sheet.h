/* Where the lines of the status go: the screen (console/canvas.c) and the page (web/html.c) each have one. */
#ifndef STATUS_SHEET_H
#define STATUS_SHEET_H

#include <stdbool.h>

enum tone { TONE_PLAIN, TONE_STRONG, TONE_GOOD, TONE_WARN, TONE_BAD, TONE_COUNT };

enum { VALUE_COLUMN = 11 }; /* where a line goes on behind its label */

struct sheet {
	/* A line "Label     lead text", LEAD in TONE. LABEL "": one more line of the label before. */
	void (*line)(
		struct sheet *sheet, const char *label, enum tone tone, const char *lead, const char *text);
	/* The next lines belong under HEADING. */
	void (*rule)(struct sheet *sheet, const char *heading);
	int columns; /* of a line, its label included */
	bool roomy;  /* there is room for lines of minor interest */
};

static inline void sheet_line(
	struct sheet *sheet, const char *label, enum tone tone, const char *lead, const char *text)
{
	sheet->line(sheet, label, tone, lead, text);
}

static inline void sheet_rule(struct sheet *sheet, const char *heading)
{
	sheet->rule(sheet, heading);
}

#endif
