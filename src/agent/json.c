#define JSON_WITH_JSMN
#include "json.h"

#include <stdint.h>
#include <string.h>

static bool is_json_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t digits(const char *s, size_t length)
{
	size_t n = 0;
	while (n < length && s[n] >= '0' && s[n] <= '9')
		n++;
	return n;
}

/* RFC 8259 6. */
static bool is_number(const char *s, size_t length)
{
	const char *end = s + length;
	s += length > 0 && *s == '-';
	size_t whole = digits(s, (size_t)(end - s));
	if (whole == 0 || (whole > 1 && *s == '0'))
		return false;
	s += whole;
	if (s < end && *s == '.') {
		size_t fraction = digits(s + 1, (size_t)(end - s - 1));
		if (fraction == 0)
			return false;
		s += 1 + fraction;
	}
	if (s < end && (*s == 'e' || *s == 'E')) {
		s++;
		s += s < end && (*s == '+' || *s == '-');
		size_t exponent = digits(s, (size_t)(end - s));
		if (exponent == 0)
			return false;
		s += exponent;
	}
	return s == end;
}

static bool is_literal(const char *s, size_t length)
{
	static const char *const words[] = {"true", "false", "null"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == length && memcmp(words[i], s, length) == 0)
			return true;
	return is_number(s, length);
}

/* Bytes of the value at S that is no object and no array, its quotes included; 0: it is no such value. */
static size_t value_length(const char *s, size_t length)
{
	size_t n = 1;
	if (*s == '"') {
		for (; n < length && s[n] != '"'; n++) {
			if ((unsigned char)s[n] < 0x20)
				return 0;
			n += s[n] == '\\';
		}
		return n < length ? n + 1 : 0;
	}
	while (n < length && !is_json_space(s[n]) && strchr("{}[]:,\"", s[n]) == NULL)
		n++;
	return is_literal(s, n) ? n : 0;
}

/* The order of tokens, brackets and their kinds aside. */
static bool order_is_good(const char *text, size_t length)
{
	char before = '['; /* the last bracket or comma or colon; 'v' for a value, '"' for a string */
	for (size_t i = 0; i < length; i++) {
		char c = text[i];
		bool value_before = strchr("v\"]}", before) != NULL;
		if (is_json_space(c))
			continue;
		if (c == ',' ? !value_before : c == ':' && before != '"')
			return false;
		if ((c == '}' || c == ']') && (before == ',' || before == ':'))
			return false;
		if (strchr(",:}]", c) == NULL && value_before)
			return false;
		if (strchr(",:{}[]", c) == NULL) {
			size_t n = value_length(text + i, length - i);
			if (n == 0)
				return false;
			i += n - 1;
			c = c == '"' ? '"' : 'v';
		}
		before = c;
	}
	return before != ',' && before != ':';
}

/* Keys are strings with one value each, and nothing else has a value. */
static bool token_is_good(const struct json *j, const jsmntok_t *t)
{
	int parent = t->parent < 0 ? JSMN_UNDEFINED : (int)j->token[t->parent].type;
	if (parent == JSMN_OBJECT)
		return t->type == JSMN_STRING && t->size == 1;
	return t->type == JSMN_OBJECT || t->type == JSMN_ARRAY || t->size == 0;
}

const char *json_parse(struct json *j, const char *text, size_t length)
{
	static const char wrong[] = "this is no JSON";
	jsmn_parser parser;
	j->text = text;
	jsmn_init(&parser);
	j->count = jsmn_parse(&parser, text, length, j->token, JSON_TOKENS_MAX);
	if (j->count == JSMN_ERROR_NOMEM)
		return "too many parts in one request";
	if (j->count <= 0 || memchr(text, '\0', length) != NULL || !order_is_good(text, length))
		return wrong;
	for (int i = 0; i < j->count; i++)
		if (!token_is_good(j, &j->token[i]) || (i > 0 && j->token[i].parent < 0))
			return wrong;
	return NULL;
}

bool json_is(const struct json *j, int token, const char *word)
{
	const jsmntok_t *t = &j->token[token];
	size_t length = (size_t)(t->end - t->start);
	return t->type == JSMN_STRING && strlen(word) == length &&
	       memcmp(j->text + t->start, word, length) == 0;
}

int json_next_key(const struct json *j, int object, int key)
{
	for (int i = key < 0 ? object + 1 : key + 1; i < j->count; i++)
		if (j->token[i].parent == object)
			return i;
	return -1;
}

int json_get(const struct json *j, int object, const char *key)
{
	for (int i = -1; (i = json_next_key(j, object, i)) >= 0;)
		if (json_is(j, i, key))
			return i + 1;
	return -1;
}

bool json_integer(const struct json *j, int token, long long *value)
{
	const jsmntok_t *t = &j->token[token];
	const char *s = j->text + t->start;
	size_t length = (size_t)(t->end - t->start);
	bool negative = length > 0 && *s == '-';
	uint64_t magnitude;
	if (t->type != JSMN_PRIMITIVE || !parse_number_n(s + negative, length - negative, 0,
						 (uint64_t)INT64_MAX + negative, &magnitude))
		return false;
	*value = (long long)(negative ? 0 - magnitude : magnitude);
	return true;
}

void text_add_json(struct text *t, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)bytes[i];
		if (c < 0x20 || c > 0x7e)
			text_add(t, "\\u%04x", c);
		else
			text_add(t, c == '"' || c == '\\' ? "\\%c" : "%c", c);
	}
}
