#include "datagram.h"

#include <string.h>

#include "common/log.h"
#include "common/text.h"

enum { TAG_MAX = 48 /* RFC 5424 6: APP-NAME */, PRIORITY_MAX = 191 };

/* What is not read yet. */
struct rest {
	const char *at, *end;
};

/* Takes "<PRI>" off. False: it is not there. */
static bool take_priority(struct rest *r, unsigned *level)
{
	uint64_t priority;
	size_t length = (size_t)(r->end - r->at);
	const char *close =
		length > 0 && r->at[0] == '<' ? memchr(r->at, '>', length < 5 ? length : 5) : NULL;
	if (close == NULL ||
		!parse_number_n(r->at + 1, (size_t)(close - r->at - 1), 0, PRIORITY_MAX, &priority))
		return false;
	*level = (unsigned)(priority & 7);
	r->at = close + 1;
	return true;
}

/* FORM: d a digit, D a digit or a blank, a a letter, others themselves. */
static bool has_form(const struct rest *r, const char *form)
{
	const char *at = r->at;
	for (; *form != '\0'; form++, at++) {
		if (at == r->end)
			return false;
		bool digit = *at >= '0' && *at <= '9';
		bool letter = (*at >= 'A' && *at <= 'Z') || (*at >= 'a' && *at <= 'z');
		bool good = *form == 'd'   ? digit
			    : *form == 'D' ? digit || *at == ' '
			    : *form == 'a' ? letter
					   : *at == *form;
		if (!good)
			return false;
	}
	return true;
}

/* The next word and the blank behind it. False: there is no blank. */
static bool take_header_field(struct rest *r, const char **word, size_t *length)
{
	const char *blank = memchr(r->at, ' ', (size_t)(r->end - r->at));
	if (blank == NULL || blank == r->at)
		return false;
	*word = r->at;
	*length = (size_t)(blank - r->at);
	r->at = blank + 1;
	return true;
}

/* The log has a time of its own. */
static void skip_time(struct rest *r)
{
	static const char old[] = "aaa Dd dd:dd:dd ";
	const char *word;
	size_t length;
	if (has_form(r, old))
		r->at += sizeof(old) - 1;
	else if (has_form(r, "dddd-dd-ddTdd:dd:dd"))
		take_header_field(r, &word, &length);
}

/* RFC 5424 6.3: "-", or elements in brackets with quoted values, in which a bracket may stand; then a blank
 * or the end. */
static bool skip_structured_data(struct rest *r)
{
	bool quoted = false, inside = false;
	if (r->at < r->end && *r->at == '-') {
		r->at++;
	} else {
		for (; r->at < r->end && (inside || *r->at == '['); r->at++) {
			if (quoted && *r->at == '\\' && r->at + 1 < r->end)
				r->at++;
			else if (*r->at == '"')
				quoted = !quoted;
			else if (!quoted)
				inside = *r->at != ']';
		}
		if (inside)
			return false;
	}
	if (r->at < r->end && *r->at++ != ' ')
		return false;
	return true;
}

/* "1 TIME HOST APP PROCID MSGID DATA text": what is behind "<PRI>". False: R is of another form. */
static bool take_rfc5424(struct rest *r, const char **tag, size_t *tag_length)
{
	enum { VERSION, TIME, HOST, APP, PROCID, MSGID, WORDS };
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	struct rest at = *r;
	const char *word[WORDS];
	size_t length[WORDS];
	if (!has_form(r, "1 dddd-dd-ddT") && !has_form(r, "1 - "))
		return false;
	for (int i = 0; i < WORDS; i++)
		if (!take_header_field(&at, &word[i], &length[i]))
			return false;
	if (!skip_structured_data(&at) || length[APP] > TAG_MAX)
		return false;
	if (has_form(&at, byte_order_mark))
		at.at += sizeof(byte_order_mark) - 1;
	*tag = word[APP];
	*tag_length = length[APP] == 1 && *word[APP] == '-' ? 0 : length[APP];
	*r = at;
	return true;
}

/* "TAG: " or "TAG[PID]: "; musl has an empty one for a program that did not name itself. */
static void take_tag(struct rest *r, const char **tag, size_t *tag_length)
{
	const char *at = r->at;
	while (at<r->end && * at> ' ' && *at <= '~' && *at != ':' && *at != '[')
		at++;
	size_t length = (size_t)(at - r->at);
	if (length > TAG_MAX)
		return;
	if (at < r->end && *at == '[') {
		while (at < r->end && *at != ']' && *at != ' ')
			at++;
		at += at < r->end;
	}
	if (at == r->end || *at != ':' || (at + 1 < r->end && at[1] != ' '))
		return;
	*tag = r->at;
	*tag_length = length;
	r->at = at + 1 < r->end ? at + 2 : at + 1;
}

static void emit_behind_tag(const char *tag, size_t tag_length, unsigned level, const char *text,
	size_t length, source_line *emit, void *context)
{
	/* One byte more than a line may have, so that the ring sees it is cut. */
	char line[TAG_MAX + sizeof(": ") - 1 + LOG_TEXT_MAX + 1];
	size_t used = 0;
	if (length > 0 && text[length - 1] == '\r')
		length--;
	if (length == 0)
		return;
	if (tag_length > 0) {
		memcpy(line, tag, tag_length);
		memcpy(line + tag_length, ": ", 2);
		used = tag_length + 2;
	}
	size_t taken = length <= LOG_TEXT_MAX ? length : LOG_TEXT_MAX + 1;
	memcpy(line + used, text, taken);
	emit(context, level, line, used + taken);
}

void datagram_take(const char *bytes, size_t length, source_line *emit, void *context)
{
	struct rest r = {bytes, bytes + length};
	const char *tag = NULL;
	size_t tag_length = 0;
	unsigned level = LOG_LEVEL_INFO;
	while (r.at < r.end && (r.end[-1] == '\0' || r.end[-1] == '\n'))
		r.end--;
	if (take_priority(&r, &level) && !take_rfc5424(&r, &tag, &tag_length)) {
		skip_time(&r);
		take_tag(&r, &tag, &tag_length);
	}
	while (r.at < r.end) {
		const char *newline = memchr(r.at, '\n', (size_t)(r.end - r.at));
		const char *end = newline == NULL ? r.end : newline;
		emit_behind_tag(tag, tag_length, level, r.at, (size_t)(end - r.at), emit, context);
		r.at = newline == NULL ? r.end : newline + 1;
	}
}
