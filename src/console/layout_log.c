#include "layout_log.h"

#include <string.h>

#include "records/fields.h"

enum {
	TIME_COLUMN = 1,
	NAME_COLUMN = 11,
	NAME_COLUMNS = 10,
	TEXT_COLUMN = NAME_COLUMN + NAME_COLUMNS + 1,
	TEXT_ROWS_MAX = 20,
};

long long log_oldest(const struct log_record *s)
{
	return s->lines_total - s->count + 1;
}

static enum attribute level_attribute(unsigned level)
{
	return level <= 3 ? ATTRIBUTE_BAD : level == 4 ? ATTRIBUTE_WARN : ATTRIBUTE_NORMAL;
}

static void draw_log_entry(struct canvas *c, const struct log_entry *e, bool wrap)
{
	char line[LOG_TEXT_MAX + 1], name[NAME_COLUMNS + 1];
	struct text t = TEXT(line);
	int row = canvas_grid_row(c);
	text_add(&t, "%5lld.%03lld", (long long)e->time_ms / 1000, (long long)e->time_ms % 1000);
	canvas_put(c, TIME_COLUMN, ATTRIBUTE_LABEL, line);
	text_clear(&t);
	text_add(&t, "%.*s", (int)e->name_bytes, e->name);
	copy_text(name, sizeof(name), line);
	if (row >= 0)
		grid_put_short(c->grid, row, NAME_COLUMN, NAME_COLUMNS, ATTRIBUTE_LABEL, name);
	text_clear(&t);
	text_add(&t, "%.*s", (int)e->text_bytes, e->text);
	canvas_wrap(c, TEXT_COLUMN, wrap ? TEXT_ROWS_MAX : 1, level_attribute(e->level), line, "");
}

static int entry_rows(const struct canvas *c, const struct log_entry *e, bool wrap)
{
	struct canvas measure = canvas_measure(c);
	draw_log_entry(&measure, e, wrap);
	return measure.row;
}

/* Where line number END ends. */
static size_t end_of_line(const struct log_record *s, long long end)
{
	struct log_entry e;
	size_t at = s->bytes;
	for (long long number = s->lines_total; number > end; number--)
		log_lines_previous(s->lines, &at, &e);
	return at;
}

long long log_draw(struct canvas *c, const struct log_record *s, long long end, bool wrap)
{
	struct log_entry e;
	long long oldest = log_oldest(s);
	if (end > s->lines_total)
		end = s->lines_total;
	if (s->count == 0 || end < oldest)
		return 0;
	int room = c->last - c->row;
	long long first = end + 1;
	const size_t behind = end_of_line(s, end);
	size_t begin = behind;
	while (first > oldest) {
		size_t before = begin;
		int rows = log_lines_previous(s->lines, &before, &e) ? entry_rows(c, &e, wrap) : room;
		if (rows > room && first <= end)
			break;
		begin = before;
		room -= rows;
		first--;
	}
	while (begin < behind && log_lines_next(s->lines, behind, &begin, &e))
		draw_log_entry(c, &e, wrap);
	return first;
}
