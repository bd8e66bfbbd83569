#include "plain.h"

#include <string.h>

size_t plain_bytes(const char *s, size_t length, const char *special)
{
	size_t i = 0;
	while (i < length && s[i] >= 0x20 && s[i] < 0x7f && strchr(special, s[i]) == NULL)
		i++;
	return i;
}
