/* Bounded text: numbers that must use up their string, escapes, a buffer that reports overflow. */
#ifndef THIMBLE_TEXT_H
#define THIMBLE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A string built in a caller's array. `overflow` is set, and stays set, once something did not fit;
 * `data` is always NUL-terminated. */
struct text {
	char *data;
	size_t size; /* of the array, bytes */
	size_t used; /* without the NUL */
	bool overflow;
};

/* An empty text in ARRAY. */
#define TEXT(array) text_in((array), sizeof(array))

static inline struct text text_in(char *data, size_t size)
{
	data[0] = '\0';
	return (struct text){.data = data, .size = size};
}

/* Empties T. */
void text_clear(struct text *t);

/* Appends as printf does. All or nothing: a piece that does not fit is left out and sets `overflow`. */
void text_add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends LENGTH bytes as they are, all or nothing: much faster than text_add. */
void text_put(struct text *t, const char *bytes, size_t length);

/* Appends BYTES with each one outside 0x20..0x7e written as \xNN, so that text from outside cannot
 * move a cursor or end a line. What does not fit sets `overflow`; whole escapes only. */
void text_add_escaped(struct text *t, const char *bytes, size_t length);

static inline bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Takes blanks off both ends of the LENGTH bytes at S. */
void trim(const char **s, size_t *length);

/* The value of a hexadecimal digit, -1 for anything else. */
int hex_digit(char c);

/* Reads a decimal number that uses up all of S and lies in MIN..MAX. Returns false, *VALUE untouched,
 * for anything else (empty, sign, blank, trailing bytes, out of range). */
bool parse_number(const char *s, uint64_t min, uint64_t max, uint64_t *value);

/* The same for LENGTH bytes that need no NUL. */
bool parse_number_n(const char *s, size_t length, uint64_t min, uint64_t max, uint64_t *value);

/* A duration for people: "4 s", "3 min 20 s", "2 h 5 min", "3 d 4 h". */
void text_add_duration(struct text *t, uint64_t seconds);

/* A size for people, in powers of 1024: "512 B", "20 KiB", "9.6 MiB". */
void text_add_bytes(struct text *t, uint64_t bytes);

#endif
