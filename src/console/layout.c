#include "layout.h"

#include <string.h>

#include "status/blocks.h"
#include "layout_log.h"
#include "layout_settings.h"
#include "status/verdict.h"

enum {
	BODY_TOP = 3, /* below the title and two rows of verdict */
	ROOMY_ROWS = 30,
	LABEL_COLUMNS = 80, /* long names of keys from here on */
	LOG_ROWS_MIN = 3,   /* heading and a few lines */
	LINE_BYTES_MAX = 256,
};

static void draw_title(struct grid *g, const struct status *s)
{
	const struct system_record *system = &s->system;
	char left[LINE_BYTES_MAX];
	struct text t = TEXT(left);
	text_add(&t, "%s %s", system->appliance[0] != '\0' ? system->appliance : "Thimble", system->version);

	grid_fill(g, 0, 0, g->columns, ATTRIBUTE_BAR, ' ');
	int column = grid_put_short(g, 0, 1, g->columns - 2, ATTRIBUTE_BAR, left) + 2;
	if (system->debug)
		column = grid_put_short(g, 0, column, g->columns - 1 - column, ATTRIBUTE_BAD,
				 " DEBUG: shells are open ") +
			 2;
	int length = (int)strlen(system->hostname), room = g->columns - 1 - column;
	int start = length < room ? g->columns - 1 - length : column;
	grid_put_short(g, 0, start, room, ATTRIBUTE_BAR, system->hostname);
}

/* Returns the row after it. */
static int draw_verdict(struct grid *g, const struct status *s, int rows_limit, int64_t now_ms)
{
	struct verdict v;
	verdict_of(&v, s, now_ms);
	struct canvas c = canvas_begin(g, g->columns, false);
	c.top = 1;
	c.last = rows_limit;
	canvas_wrap(&c, 1, rows_limit, attribute_of(v.tone), v.text, "");
	return 1 + c.row;
}

static int draw_key(struct grid *g, int column, const char *key, const char *does)
{
	int length = (int)strlen(key) + (int)strlen(does) + 1;
	if (column + length >= g->columns)
		return column;
	column = grid_put(g, g->rows - 1, column, ATTRIBUTE_BAR, key, (int)strlen(key));
	return grid_put(g, g->rows - 1, column + 1, ATTRIBUTE_NORMAL, does, (int)strlen(does)) + 2;
}

static void draw_keys(
	struct grid *g, const struct layout_request *request, const struct layout_result *result)
{
	char position[LINE_BYTES_MAX];
	struct text t = TEXT(position);
	bool in_log = request->view == VIEW_LOG, in_settings = request->view == VIEW_SETTINGS;
	if (request->prompt != NULL) {
		grid_put_short(g, g->rows - 1, 1, g->columns - 3, ATTRIBUTE_WARN, request->prompt);
		return;
	}
	/* Short names where the page's number must fit too, or on a small screen. */
	bool paged = !in_log && result->pages > 1;
	bool full = g->columns >= (paged ? WIDE_COLUMNS : LABEL_COLUMNS);
	int column = draw_key(g, 1, "l", in_log ? "status" : "log");
	if (in_log && (result->log_older || request->log_end != 0))
		column = draw_key(g, column, "n", result->log_older ? "older" : "newest");
	if (paged)
		column = draw_key(g, column, "n", full ? "next page" : "next");
	column = draw_key(g, column, "c", in_settings ? "status" : "settings");
	column = draw_key(g, column, "Enter", "refresh");
	if (!request->readonly) {
		column = draw_key(g, column, "r", full ? "restart service" : "restart");
		column = draw_key(g, column, "p", "power off");
	}
	if (paged)
		text_add(&t, "page %d of %d", result->page + 1, result->pages);
	int start = g->columns - 1 - (int)t.used; /* the last cell stays blank */
	if (start >= column)
		grid_put(g, g->rows - 1, start, ATTRIBUTE_LABEL, position, (int)t.used);
}

/* More than the fullest model needs on the smallest screen. */
enum { PAGES_MAX = 256 };

/* Where each page of the status starts, as a row of the whole list. */
struct pages {
	int block_end[BLOCKS_MAX]; /* the row after each block */
	int start[PAGES_MAX];
	int count;
};

static void measure_blocks(struct pages *p, struct canvas *c, const struct block *blocks, unsigned count,
	const struct status *s, int64_t now_ms)
{
	struct canvas measure = canvas_measure(c);
	for (unsigned i = 0; i < count; i++) {
		blocks[i].draw(&measure.sheet, s, blocks[i].index, now_ms);
		p->block_end[i] = measure.row;
	}
}

/* Breaks the list into pages of HEIGHT rows: between blocks where that can be, inside a block that is
 * higher than a page. A page that is not the last gives its last row to what follows it. */
static void break_pages(struct pages *p, unsigned block_count, int height)
{
	int total = p->block_end[block_count - 1], start = 0;
	p->count = 0;
	for (;;) {
		p->start[p->count++] = start;
		if (total - start <= height || p->count == PAGES_MAX)
			return;
		int limit = start + height - 1, next = limit;
		for (unsigned i = 0; i < block_count; i++)
			if (p->block_end[i] > start && p->block_end[i] <= limit)
				next = p->block_end[i];
		start = next;
	}
}

/* "3 more NICs, 1 more program: n" for what ends below row END. */
static void draw_remaining(
	struct grid *g, int row, const struct pages *p, const struct block *blocks, unsigned count, int end)
{
	static const struct {
		const char *one, *many;
	} names[BLOCK_KIND_COUNT] = {
		[BLOCK_SETTING] = {"refused setting", "refused settings"},
		[BLOCK_PROGRAM] = {"program", "programs"},
		[BLOCK_UPSTREAM] = {"upstream", "upstreams"},
		[BLOCK_SYSTEM] = {"part", "parts"},
		[BLOCK_NIC] = {"NIC", "NICs"},
	};
	unsigned left[BLOCK_KIND_COUNT] = {0};
	char line[LINE_BYTES_MAX];
	struct text t = TEXT(line);
	for (unsigned i = 0; i < count; i++)
		left[blocks[i].kind] += p->block_end[i] > end;
	for (int kind = 0; kind < BLOCK_KIND_COUNT; kind++)
		if (left[kind] > 0)
			text_add(&t, "%s%u more %s", t.used > 0 ? ", " : "", left[kind],
				left[kind] == 1 ? names[kind].one : names[kind].many);
	text_add(&t, ": n");
	grid_put_short(g, row, VALUE_COLUMN, g->columns - VALUE_COLUMN - 1, ATTRIBUTE_WARN, line);
}

static void draw_log_below(struct grid *g, const struct status *s, int row, int end)
{
	if (end - row < LOG_ROWS_MIN)
		return;
	struct canvas c = canvas_begin(g, g->columns, g->rows >= ROOMY_ROWS);
	c.top = row;
	c.last = end - row;
	canvas_rule(&c, "Log");
	if (s->log.count > 0)
		log_draw(&c, &s->log, s->log.lines_total, false);
	else
		canvas_put(&c, 1, ATTRIBUTE_NORMAL,
			s->log.status == RECORD_UNREADABLE ? "its record is unreadable" : "no lines yet");
}

static void draw_status(struct grid *g, const struct status *s, const struct layout_request *request,
	struct layout_result *result)
{
	struct block blocks[BLOCKS_MAX];
	struct pages p;
	int bottom = g->rows - 1, height = bottom - BODY_TOP;
	struct canvas c = canvas_begin(g, g->columns, g->rows >= ROOMY_ROWS);
	c.top = BODY_TOP;

	unsigned count = blocks_list(blocks, s, request->now_ms);
	measure_blocks(&p, &c, blocks, count, s, request->now_ms);
	break_pages(&p, count, height);
	result->pages = p.count;
	result->page = request->page % p.count;

	bool last_page = result->page == p.count - 1;
	c.first = p.start[result->page];
	c.last = last_page ? p.block_end[count - 1] : p.start[result->page + 1];
	for (unsigned i = 0; i < count; i++)
		blocks[i].draw(&c.sheet, s, blocks[i].index, request->now_ms);
	if (last_page)
		draw_log_below(g, s, BODY_TOP + c.last - c.first, bottom);
	else
		draw_remaining(g, bottom - 1, &p, blocks, count, c.last);
}

static void draw_log_view(struct grid *g, const struct status *s, const struct layout_request *request,
	struct layout_result *result)
{
	const struct log_record *log = &s->log;
	int top = 1, bottom = g->rows - 1;
	char heading[LINE_BYTES_MAX];
	struct text t = TEXT(heading);
	struct canvas c = canvas_begin(g, g->columns, false);
	c.top = top;
	c.row = 1;
	c.last = bottom - top;
	/* Lines that the ring has dropped since cannot be shown; the oldest that it still has are shown
	 * instead. */
	long long end = request->log_end == 0 ? log->lines_total : request->log_end;
	if (end < log_oldest(log))
		end = log_oldest(log);
	result->log_first = log_draw(&c, log, end, true);
	result->log_older = result->log_first > log_oldest(log);

	if (result->log_first > 0)
		text_add(&t, "Log, lines %lld to %lld of %lld", result->log_first,
			end < log->lines_total ? end : log->lines_total, log->lines_total);
	else
		text_add(&t, "Log: %s",
			log->status == RECORD_UNREADABLE ? "its record is unreadable" : "no lines yet");
	if (log_oldest(log) > 1)
		text_add(&t, " (%lld older ones are no longer held)", log_oldest(log) - 1);
	c.row = 0;
	canvas_rule(&c, heading);
}

static void draw_settings_view(struct grid *g, const struct status *s, const struct layout_request *request,
	struct layout_result *result)
{
	int top = 1, bottom = g->rows - 1;
	struct canvas c = canvas_begin(g, g->columns, false);
	c.top = top;
	c.last = bottom - top;
	if (s->settings.status == RECORD_READ) {
		canvas_rule(&c, "Settings");
		result->pages = settings_draw(&c, &s->settings, request->settings_page, &result->page);
	} else {
		canvas_rule(&c, s->settings.status == RECORD_UNREADABLE
					? "Settings: their record is unreadable"
					: "Settings: no record yet");
	}
}

static void draw_too_small(struct grid *g)
{
	char line[LINE_BYTES_MAX];
	struct text t = TEXT(line);
	text_add(&t, "%dx%d is too small for the rest", g->columns, g->rows);
	grid_put_short(g, g->rows - 2, 1, g->columns - 2, ATTRIBUTE_LABEL, line);
}

void layout_draw(struct grid *g, const struct status *s, const struct layout_request *request,
	struct layout_result *result)
{
	bool small = g->columns < LAYOUT_COLUMNS_MIN || g->rows < LAYOUT_ROWS_MIN;
	*result = (struct layout_result){.pages = 1};
	grid_reset(g, g->columns, g->rows);
	draw_title(g, s);
	if (small) {
		draw_verdict(g, s, g->rows > 4 ? g->rows - 3 : 1, request->now_ms);
		draw_too_small(g);
	} else if (request->view == VIEW_LOG) {
		draw_log_view(g, s, request, result);
	} else if (request->view == VIEW_SETTINGS) {
		draw_settings_view(g, s, request, result);
	} else {
		draw_verdict(g, s, BODY_TOP - 1, request->now_ms);
		draw_status(g, s, request, result);
	}
	draw_keys(g, request, result);
}
