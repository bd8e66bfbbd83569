/* The forms that web writes, judged a second way: whether a text is JSON, Prometheus' text format, a page of
 * ours. */
#ifndef FORMS_H
#define FORMS_H

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { FORM_DEPTH_MAX = 16 };

static inline const char *json_value(const char *at, int depth);

static inline const char *json_blank(const char *at)
{
	return at + strspn(at, " \n\r\t");
}

/* Each returns where the thing ends, or NULL: it is not of the form. */
static inline const char *json_quoted(const char *at)
{
	if (*at++ != '"')
		return NULL;
	for (; *at != '"'; at++) {
		if (*at < 0x20 || *at > 0x7e)
			return NULL;
		if (*at != '\\')
			continue;
		at++;
		if (*at == 'u') {
			for (int i = 0; i < 4; i++)
				if (!isxdigit((unsigned char)*++at))
					return NULL;
		} else if (*at == '\0' || strchr("\"\\/bfnrt", *at) == NULL) {
			return NULL;
		}
	}
	return at + 1;
}

static inline const char *json_digits(const char *at)
{
	at += *at == '-';
	if (*at == '0')
		return at + 1;
	size_t digits = strspn(at, "0123456789");
	return digits > 0 ? at + digits : NULL;
}

static inline const char *json_members(const char *at, char closer, int depth)
{
	at = json_blank(at);
	if (*at == closer)
		return at + 1;
	for (;;) {
		if (closer == '}') {
			at = json_quoted(json_blank(at));
			if (at == NULL || *(at = json_blank(at)) != ':')
				return NULL;
			at++;
		}
		at = json_value(at, depth + 1);
		if (at == NULL)
			return NULL;
		at = json_blank(at);
		if (*at == closer)
			return at + 1;
		if (*at++ != ',')
			return NULL;
	}
}

static inline const char *json_value(const char *at, int depth)
{
	at = json_blank(at);
	if (depth > FORM_DEPTH_MAX)
		return NULL;
	if (*at == '{' || *at == '[')
		return json_members(at + 1, *at == '{' ? '}' : ']', depth);
	if (*at == '"')
		return json_quoted(at);
	if (strncmp(at, "true", 4) == 0)
		return at + 4;
	if (strncmp(at, "false", 5) == 0)
		return at + 5;
	return json_digits(at);
}

static inline bool json_well_formed(const char *text)
{
	const char *end = json_value(text, 0);
	return end != NULL && *json_blank(end) == '\0';
}

/* "name{label="value",...} number": what follows the name. */
static inline bool sample_well_formed(const char *at)
{
	if (*at == '{') {
		do {
			at += 1 + strspn(at + 1, "abcdefghijklmnopqrstuvwxyz_");
			if (*at++ != '=' || *at++ != '"')
				return false;
			for (; *at != '"'; at++) {
				at += *at == '\\';
				if (*at < 0x20 || *at > 0x7e)
					return false;
			}
			at++;
		} while (*at == ',');
		if (*at++ != '}')
			return false;
	}
	if (*at++ != ' ')
		return false;
	at += *at == '-';
	size_t digits = strspn(at, "0123456789"),
	       more = at[digits] == '.' ? strspn(at + digits + 1, "0123456789") : 0;
	at += digits;
	return digits > 0 && (*at != '.' ? *at == '\n' : more > 0 && at[1 + more] == '\n');
}

/* Each metric is begun once, by HELP and TYPE, and its samples follow at once. */
static inline bool metrics_well_formed(const char *text)
{
	char name[128] = "";
	for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
		if (strchr(line, '\n') == NULL)
			return false;
		size_t length = strlen(name);
		if (strncmp(line, "# HELP ", 7) == 0) {
			length = strcspn(line + 7, " ");
			if (length >= sizeof(name) - 1)
				return false;
			memcpy(name, line + 7, length);
			name[length] = '\0';
			char begin[160] = "\n# TYPE ";
			strcat(strcat(begin, name), " ");
			if (strncmp(strchr(line, '\n'), begin, strlen(begin)) != 0 ||
				strstr(strchr(line, '\n') + 1 + strlen(begin), begin) != NULL)
				return false;
		} else if (strncmp(line, "# TYPE ", 7) != 0) {
			if (length == 0 || strncmp(line, name, length) != 0 ||
				!sample_well_formed(line + length))
				return false;
		}
	}
	return true;
}

static inline bool is_tag(const char *tag, size_t length)
{
	static const char *const tags[] = {"table", "caption", "h2", "tbody", "tr", "th scope=\"row\"", "td",
		"div", "b", "b class=\"good\"", "b class=\"warn\"", "b class=\"bad\"", "ol", "li", "span",
		"span class=\"\"", "span class=\"warn\"", "span class=\"bad\"", "p"};
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (strlen(tags[i]) == length && memcmp(tags[i], tag, length) == 0)
			return true;
	return false;
}

static inline bool is_reference(const char *at)
{
	static const char *const references[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
	for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++)
		if (strncmp(at, references[i], strlen(references[i])) == 0)
			return true;
	return false;
}

/* LENGTH bytes of HTML: known tags that nest, references, and text without anything that means something. */
static inline bool html_well_formed(const char *text, size_t length)
{
	const char *open[FORM_DEPTH_MAX], *end = text + length;
	size_t depth = 0;
	for (const char *at = text; at < end; at++) {
		if (*at == '<') {
			const char *close = memchr(at, '>', (size_t)(end - at));
			if (close == NULL)
				return false;
			size_t tag_length = (size_t)(close - at) - 1;
			if (at[1] == '/') {
				size_t name_length = tag_length - 1;
				if (depth == 0 || strcspn(open[--depth], " >") != name_length ||
					memcmp(open[depth], at + 2, name_length) != 0)
					return false;
			} else {
				if (depth == FORM_DEPTH_MAX || !is_tag(at + 1, tag_length))
					return false;
				open[depth++] = at + 1;
			}
			at = close;
		} else if (*at == '>' || (*at == '&' && !is_reference(at)) ||
			   (*at != '\n' && (*at < 0x20 || *at > 0x7e))) {
			return false;
		}
	}
	return depth == 0;
}

/* What stands in the page's part that is made of records. */
static inline bool page_well_formed(const char *page)
{
	static const char begin[] = "<div id=\"state\">", end[] = "</div>\n</main>";
	const char *from = strstr(page, begin), *to = strstr(page, end);
	return from != NULL && to != NULL && strstr(to, "</html>\n") != NULL &&
	       html_well_formed(from + strlen(begin), (size_t)(to - from) - strlen(begin));
}

#endif
