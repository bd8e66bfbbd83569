#include "common/uuid.h"

/* Whether a hyphen stands before byte INDEX. */
static bool hyphen_before(unsigned index)
{
	return index == 4 || index == 6 || index == 8 || index == 10;
}

bool uuid_parse(struct uuid *u, const char *s, size_t length)
{
	struct uuid result;
	if (length != UUID_TEXT_BYTES)
		return false;
	for (unsigned i = 0; i < UUID_BYTES; i++, s += 2) {
		if (hyphen_before(i) && *s++ != '-')
			return false;
		int high = hex_digit(s[0]), low = hex_digit(s[1]);
		if (high < 0 || low < 0)
			return false;
		result.bytes[i] = (uint8_t)(high << 4 | low);
	}
	*u = result;
	return true;
}

void text_add_uuid(struct text *t, const struct uuid *u)
{
	for (unsigned i = 0; i < UUID_BYTES; i++)
		text_add(t, hyphen_before(i) ? "-%02x" : "%02x", u->bytes[i]);
}
