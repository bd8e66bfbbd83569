#include "json.h"

#include <string.h>

#include "plain.h"

static void add_quoted(struct text *t, const char *s, size_t length)
{
	text_put(t, "\"", 1);
	for (size_t at = 0; at < length; at++) {
		size_t plain = plain_bytes(s + at, length - at, "\"\\");
		text_put(t, s + at, plain);
		at += plain;
		if (at < length && (s[at] == '"' || s[at] == '\\'))
			text_add(t, "\\%c", s[at]);
		else if (at < length)
			text_add(t, "\\u%04x", (unsigned char)s[at]);
	}
	text_put(t, "\"", 1);
}

/* The comma, the line break and the key before a value. */
static void begin_member(struct json *j, const char *key)
{
	if (j->comma)
		text_put(j->text, ",", 1);
	if (j->depth > 0)
		text_add(j->text, "\n%*s", (int)j->depth, "");
	if (key != NULL) {
		add_quoted(j->text, key, strlen(key));
		text_put(j->text, ": ", 2);
	}
	j->comma = true;
}

static void open_group(struct json *j, const char *key, const char *opener, char closer)
{
	begin_member(j, key);
	text_add(j->text, "%s", opener);
	j->comma = false;
	if (j->depth < JSON_DEPTH_MAX)
		j->closers[j->depth++] = closer;
	else
		j->text->overflow = true;
}

void json_object(struct json *j, const char *key)
{
	open_group(j, key, "{", '}');
}

void json_array(struct json *j, const char *key)
{
	open_group(j, key, "[", ']');
}

void json_end(struct json *j)
{
	if (j->depth == 0)
		return;
	text_add(j->text, "%c", j->closers[--j->depth]);
	j->comma = true;
	if (j->depth == 0)
		text_add(j->text, "\n");
}

void json_string_n(struct json *j, const char *key, const char *value, size_t length)
{
	begin_member(j, key);
	add_quoted(j->text, value, length);
}

void json_string(struct json *j, const char *key, const char *value)
{
	json_string_n(j, key, value, strlen(value));
}

void json_number(struct json *j, const char *key, int64_t value)
{
	begin_member(j, key);
	text_add(j->text, "%lld", (long long)value);
}

void json_bool(struct json *j, const char *key, bool value)
{
	begin_member(j, key);
	text_add(j->text, "%s", value ? "true" : "false");
}

void json_told(struct json *j, const char *key, const char *value)
{
	if (value[0] != '\0')
		json_string(j, key, value);
}

void json_count(struct json *j, const char *key, int64_t value)
{
	if (value >= 0)
		json_number(j, key, value);
}
