/* The page: the lines of the status screen, in the form of page.html. */
#include <string.h>

#include "assets.h"
#include "status/blocks.h"
#include "status/verdict.h"
#include "html.h"
#include "log_text.h"
#include "views.h"

enum { LOG_LINES = 20 };

struct page {
	struct answer *answer;
	const struct facts *facts;
	int64_t now_ms;
	struct verdict verdict;
};

static void add_page_words(struct page *p, const char *words)
{
	text_add_html(&p->answer->body, words, strlen(words));
}

static void add_appliance(struct page *p)
{
	const struct system_record *s = &p->facts->status.system;
	add_page_words(p, s->appliance[0] != '\0' ? s->appliance : "Thimble");
	add_page_words(p, " ");
	add_page_words(p, s->version);
}

static void add_title(struct page *p)
{
	add_page_words(p, p->verdict.ready ? "Ready: " : "Not ready: ");
	add_page_words(p, p->facts->status.system.hostname);
	add_page_words(p, p->facts->status.system.hostname[0] != '\0' ? ", " : "");
	add_appliance(p);
}

static void add_host(struct page *p)
{
	add_page_words(p, p->facts->status.system.hostname);
	if (p->facts->status.system.debug)
		text_add(&p->answer->body, " <b class=\"bad\">DEBUG: shells are open</b>");
}

static void add_verdict_class(struct page *p)
{
	add_page_words(p, html_class(p->verdict.tone));
}

static void add_verdict(struct page *p)
{
	add_page_words(p, p->verdict.text);
}

static void add_made(struct page *p)
{
	text_add_log_time(&p->answer->body, p->now_ms, p->facts->boot_unix_ms);
	text_add(&p->answer->body, p->facts->boot_unix_ms < 0 ? " after the start" : "");
}

static void page_log_line(struct text *t, const struct log_entry *e, int64_t boot_unix_ms)
{
	enum tone a = e->level <= 3 ? TONE_BAD : e->level == 4 ? TONE_WARN : TONE_PLAIN;
	text_add(t, "<li><span>");
	text_add_log_time(t, e->time_ms, boot_unix_ms);
	text_add(t, "</span> <span class=\"%s\">%s</span> <span>", html_class(a), log_level_word(e->level));
	text_add_html(t, e->name, e->name_bytes);
	text_add(t, ":</span> <span>");
	text_add_html(t, e->text, e->text_bytes);
	text_add(t, "</span></li>\n");
}

static void page_log(struct text *t, const struct log_record *log, int64_t boot_unix_ms)
{
	struct log_entry e;
	text_add(t, "<h2>Log</h2>\n<ol>\n");
	for (size_t at = log_last_lines(log, LOG_LINES); log_lines_next(log->lines, log->bytes, &at, &e);)
		page_log_line(t, &e, boot_unix_ms);
	if (log->count == 0)
		text_add(t, "<li>%s</li>\n",
			log->status == RECORD_UNREADABLE ? "its record is unreadable" : "no lines yet");
	text_add(t, "</ol>\n");
}

static void add_state(struct page *p)
{
	static struct block blocks[BLOCKS_MAX];
	const struct status *s = &p->facts->status;
	struct text *t = &p->answer->body;
	struct html h;
	html_begin(&h, t);
	html_table(&h, "State");
	unsigned count = blocks_list(blocks, s, p->now_ms);
	for (unsigned i = 0; i < count; i++)
		blocks[i].draw(&h.sheet, s, blocks[i].index, p->now_ms);
	html_end(&h);
	page_log(t, &s->log, p->facts->boot_unix_ms);
}

/* The replacement of {{NAME}}. */
static const struct field {
	const char *name;
	void (*add)(struct page *p);
} fields[] = {
	{"title", add_title},
	{"appliance", add_appliance},
	{"host", add_host},
	{"verdict_class", add_verdict_class},
	{"verdict", add_verdict},
	{"state", add_state},
	{"made", add_made},
};

static void add_field(struct page *p, const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strlen(fields[i].name) == length && memcmp(fields[i].name, name, length) == 0)
			fields[i].add(p);
}

void page_write(struct answer *a, const struct facts *f, int64_t now_ms)
{
	struct page p = {.answer = a, .facts = f, .now_ms = now_ms};
	const char *at = page_template, *open, *close;
	answer_begin(a, 200, "text/html; charset=utf-8");
	a->policy = page_policy;
	verdict_of(&p.verdict, &f->status, now_ms);
	while ((open = strstr(at, "{{")) != NULL && (close = strstr(open, "}}")) != NULL) {
		text_put(&a->body, at, (size_t)(open - at));
		add_field(&p, open + 2, (size_t)(close - open) - 2);
		at = close + 2;
	}
	text_put(&a->body, at, strlen(at));
}
