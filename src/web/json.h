/* JSON (RFC 8259) into a bounded text. The caller opens and closes; commas, quotes and escapes are made here.
 * What does not fit sets the text's `overflow`: then it is no JSON. */
#ifndef WEB_JSON_H
#define WEB_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "common/text.h"

enum { JSON_DEPTH_MAX = 8 };

struct json {
	struct text *text;
	bool comma; /* before the next member */
	unsigned depth;
	char closers[JSON_DEPTH_MAX];
};

/* KEY is NULL for an element of an array and for the whole. */
void json_object(struct json *j, const char *key);
void json_array(struct json *j, const char *key);
/* Ends the innermost of them. */
void json_end(struct json *j);

/* Bytes that are no printable ASCII are escaped as code points below U+0100, whatever they were meant to be.
 */
void json_string(struct json *j, const char *key, const char *value);
void json_string_n(struct json *j, const char *key, const char *value, size_t length);
void json_number(struct json *j, const char *key, int64_t value);
void json_bool(struct json *j, const char *key, bool value);

/* The same, nothing when VALUE is empty, or below 0. */
void json_told(struct json *j, const char *key, const char *value);
void json_count(struct json *j, const char *key, int64_t value);

#endif
