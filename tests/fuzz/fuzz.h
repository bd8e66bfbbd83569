/* What every fuzzing target uses. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libFuzzer calls it with each input; it returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for every input. Unlike assert() it is never left out. */
#define must(condition) ((condition) ? (void)0 : must_fail(#condition, __FILE__, __LINE__))

static inline void must_fail(const char *condition, const char *file, int line)
{
	fprintf(stderr, "%s:%d: must hold: %s\n", file, line, condition);
	abort();
}

/* Takes the next byte of an input, 0 once it is used up. */
static inline uint8_t take_byte(const uint8_t **data, size_t *size)
{
	if (*size == 0)
		return 0;
	--*size;
	return *(*data)++;
}

/* Takes LENGTH bytes, with zeros for those that are not there. */
static inline void take_bytes(const uint8_t **data, size_t *size, void *to, size_t length)
{
	size_t there = *size < length ? *size : length;
	memset(to, 0, length);
	if (there > 0)
		memcpy(to, *data, there);
	*data += there;
	*size -= there;
}

/* A copy in memory of its own, exactly as long: reading behind it is seen. With a NUL when TERMINATED. */
static inline void *copy_of(const void *bytes, size_t length, bool terminated)
{
	char *copy = malloc(length + terminated + (length + terminated == 0));
	must(copy != NULL);
	if (length > 0)
		memcpy(copy, bytes, length);
	if (terminated)
		copy[length] = '\0';
	return copy;
}

static inline bool is_printable(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s < ' ' || *s > '~')
			return false;
	return true;
}

#endif
