/* JSON by RFC 8259, as far as requests need it: read in place by jsmn, which leaves open where commas stand
 * and what a number is; that is checked here. And strings to be written. */
#ifndef THIMBLE_JSON_H
#define THIMBLE_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "common/text.h"

#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#ifndef JSON_WITH_JSMN
#define JSMN_HEADER
#endif
#include <jsmn.h>

enum { JSON_TOKENS_MAX = 64 };

struct json {
	const char *text; /* the caller's */
	int count;
	jsmntok_t token[JSON_TOKENS_MAX]; /* [0] is the whole; of an object a key, its value, the next key */
};

/* Parses LENGTH bytes as one value. Returns NULL, or the reason why they are none. */
const char *json_parse(struct json *j, const char *text, size_t length);

/* Whether TOKEN is a string of exactly these characters. One with escapes is compared as it was written: no
 * word of ours needs any. */
bool json_is(const struct json *j, int token, const char *word);

/* The token of KEY's value in the object OBJECT, or -1. */
int json_get(const struct json *j, int object, const char *key);

/* The token of the next key in the object OBJECT after the key KEY (-1: the first); -1 at the end. */
int json_next_key(const struct json *j, int object, int key);

/* Whether TOKEN is a whole number that fits; *VALUE gets it. */
bool json_integer(const struct json *j, int token, long long *value);

/* Appends LENGTH bytes, whatever they are, as the inside of a quoted string: printable ASCII. */
void text_add_json(struct text *t, const char *bytes, size_t length);

#endif
