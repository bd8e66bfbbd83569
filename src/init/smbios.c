#include "smbios.h"

#include <string.h>

enum { TYPE_OEM_STRINGS = 11, HEADER_BYTES = 5 };

void smbios_each_oem_string(const uint8_t *structure, size_t length,
	void (*take)(const char *string, size_t string_length, unsigned number, void *data), void *data)
{
	if (length < HEADER_BYTES || structure[0] != TYPE_OEM_STRINGS || structure[1] < HEADER_BYTES ||
		structure[1] > length)
		return;
	const char *at = (const char *)structure + structure[1], *end = (const char *)structure + length;
	for (unsigned number = 1; number <= structure[4]; number++) {
		const char *nul = memchr(at, '\0', (size_t)(end - at));
		if (nul == NULL || nul == at) /* an empty one ends the strings */
			return;
		take(at, (size_t)(nul - at), number, data);
		at = nul + 1;
	}
}
