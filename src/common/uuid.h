/* UUIDs as RFC 9562 section 4 writes them. */
#ifndef THIMBLE_UUID_H
#define THIMBLE_UUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

enum { UUID_BYTES = 16, UUID_TEXT_BYTES = 36 };

/* The bytes in the order of the text. */
struct uuid {
	uint8_t bytes[UUID_BYTES];
};

/* Parses "51c82175-844e-4750-b0d8-ec255555bc06", upper or lower case, that takes up all LENGTH bytes. False:
 * not of that form. */
bool uuid_parse(struct uuid *u, const char *s, size_t length);

void text_add_uuid(struct text *t, const struct uuid *u);

#endif
