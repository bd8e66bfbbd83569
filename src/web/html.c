#include "html.h"

#include <string.h>

#include "common/loop.h" /* container_of */
#include "plain.h"

enum {
	END_BYTES = 256, /* of what html_end writes */
	COLUMNS = 1000,  /* more than a line has: the browser breaks it */
};

void text_add_html(struct text *t, const char *s, size_t length)
{
	static const char special[] = "&<>\"'";
	static const char *const names[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
	for (size_t at = 0; at < length; at++) {
		size_t plain = plain_bytes(s + at, length - at, special);
		text_put(t, s + at, plain);
		at += plain;
		const char *found = at < length && s[at] != '\0' ? strchr(special, s[at]) : NULL;
		if (at < length)
			text_add(t, "%s", found != NULL ? names[found - special] : "?");
	}
}

const char *html_class(enum tone tone)
{
	static const char *const classes[TONE_COUNT] = {
		[TONE_GOOD] = "good",
		[TONE_WARN] = "warn",
		[TONE_BAD] = "bad",
	};
	return classes[tone] != NULL ? classes[tone] : "";
}

/* Keeps what was appended since *BEFORE, or takes all of it back. */
static void settle(struct html *h, const struct html *before, size_t used)
{
	if (!h->text->overflow)
		return;
	h->in_table = before->in_table;
	h->in_row = before->in_row;
	h->full = true;
	h->text->used = used;
	h->text->data[used] = '\0';
	h->text->overflow = false;
}

static void end_row(struct html *h)
{
	if (h->in_row)
		text_add(h->text, "</td></tr>\n");
	h->in_row = false;
}

static void end_table(struct html *h)
{
	end_row(h);
	if (h->in_table)
		text_add(h->text, "</tbody></table>\n");
	h->in_table = false;
}

void html_table(struct html *h, const char *heading)
{
	struct html before = *h;
	size_t used = h->text->used;
	if (h->full)
		return;
	end_table(h);
	text_add(h->text, "<table><caption><h2>");
	text_add_html(h->text, heading, strlen(heading));
	text_add(h->text, "</h2></caption><tbody>\n");
	h->in_table = true;
	settle(h, &before, used);
}

void html_end(struct html *h)
{
	h->text->size += END_BYTES;
	end_table(h);
	if (h->full)
		text_add(h->text, "<p>There is more than this page holds: /status.json may have it.</p>\n");
}

static void add_words(struct html *h, enum tone tone, const char *words)
{
	const char *class = html_class(tone);
	bool marked = tone != TONE_PLAIN && words[0] != '\0';
	if (marked)
		text_add(h->text, class[0] != '\0' ? "<b class=\"%s\">" : "<b>", class);
	text_add_html(h->text, words, strlen(words));
	if (marked)
		text_add(h->text, "</b>");
}

static void add_line(
	struct sheet *sheet, const char *label, enum tone tone, const char *lead, const char *text)
{
	struct html *h = container_of(sheet, struct html, sheet), before = *h;
	size_t used = h->text->used;
	if (h->full)
		return;
	if (!h->in_row || label[0] != '\0') {
		end_row(h);
		text_add(h->text, "<tr><th scope=\"row\">");
		text_add_html(h->text, label, strlen(label));
		text_add(h->text, "</th><td>");
		h->in_row = true;
	}
	text_add(h->text, "<div>");
	add_words(h, tone, lead);
	text_add_html(h->text, text, strlen(text));
	text_add(h->text, "</div>");
	settle(h, &before, used);
}

static void add_rule(struct sheet *sheet, const char *heading)
{
	html_table(container_of(sheet, struct html, sheet), heading);
}

void html_begin(struct html *h, struct text *t)
{
	*h = (struct html){
		.sheet = {.line = add_line, .rule = add_rule, .columns = COLUMNS, .roomy = true},
		.text = t,
	};
	t->size -= END_BYTES;
}
