/* HTML into a bounded text. The lines of the status come out as rows of tables. */
#ifndef WEB_HTML_H
#define WEB_HTML_H

#include "common/text.h"
#include "status/sheet.h"

/* Appends S with the characters escaped that mean something in HTML; '?' for a byte that is no printable
 * ASCII. */
void text_add_html(struct text *t, const char *s, size_t length);

/* A piece of a page that goes in whole or not at all, so that what is there is well-formed. */
struct html {
	struct sheet sheet; /* the status is written to it */
	struct text *text;
	bool in_table, in_row; /* open now */
	bool full;             /* something did not fit: nothing more is taken */
};

/* Appends to T, and leaves room to end what is open. */
void html_begin(struct html *h, struct text *t);

/* Begins a table with a heading, after ending the one before. */
void html_table(struct html *h, const char *heading);

/* The class of words in TONE; "" for none. */
const char *html_class(enum tone tone);

/* Ends what is open, and says so when something was left out. */
void html_end(struct html *h);

#endif
