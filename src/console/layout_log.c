#include "layout_log.h"

#include <string.h>

#include "model_text.h"

enum {
	TIME_COLUMN = 1,
	NAME_COLUMN = 11,
	NAME_COLUMNS = 10,
	TEXT_COLUMN = NAME_COLUMN + NAME_COLUMNS + 1,
	TEXT_ROWS_MAX = 12,
	LINE_BYTES_MAX = CANVAS_LINE_BYTES_MAX - 64,
};

long long log_oldest(const struct log_state *s)
{
	return s->lines_total - s->count + 1;
}

static enum attribute level_attribute(int level)
{
	return level <= 3 ? ATTRIBUTE_BAD : level == 4 ? ATTRIBUTE_WARN : ATTRIBUTE_NORMAL;
}

static void draw_entry(struct canvas *c, const struct log_entry *e, bool wrap)
{
	char line[LINE_BYTES_MAX], name[NAME_COLUMNS + 1];
	struct text t = TEXT(line);
	int row = canvas_grid_row(c);
	text_clear(&t);
	text_add(&t, "%5lld.%03lld", e->ms / 1000, e->ms % 1000);
	canvas_put(c, TIME_COLUMN, ATTRIBUTE_LABEL, e->ms >= 0 ? line : "?");
	text_clear(&t);
	text_add(&t, "%.*s", e->name_length, e->name);
	copy_text(name, sizeof(name), t.overflow ? "?" : line);
	if (row >= 0)
		grid_put_short(c->grid, row, NAME_COLUMN, NAME_COLUMNS, ATTRIBUTE_LABEL, name);
	copy_text(line, sizeof(line), e->text);
	canvas_wrap(c, TEXT_COLUMN, wrap ? TEXT_ROWS_MAX : 1, level_attribute(e->level), line, "");
}

static int entry_rows(const struct canvas *c, const struct log_entry *e, bool wrap)
{
	struct canvas measure = {.columns = c->columns};
	draw_entry(&measure, e, wrap);
	return measure.row;
}

long long log_draw(struct canvas *c, const struct log_state *s, long long end, bool wrap)
{
	long long oldest = log_oldest(s);
	if (end > s->lines_total)
		end = s->lines_total;
	if (s->count == 0 || end < oldest)
		return 0;
	int room = c->last - c->row;
	long long first = end + 1;
	while (first > oldest) {
		int rows = entry_rows(c, &s->entries[first - 1 - oldest], wrap);
		if (rows > room && first <= end)
			break;
		room -= rows;
		first--;
	}
	for (long long number = first; number <= end; number++)
		draw_entry(c, &s->entries[number - oldest], wrap);
	return first;
}
