/* Text from outside, piece by piece: the part that needs no escape. */
#ifndef WEB_PLAIN_H
#define WEB_PLAIN_H

#include <stddef.h>

/* How many bytes at the beginning of S, of LENGTH, are printable ASCII and none of SPECIAL. */
size_t plain_bytes(const char *s, size_t length, const char *special);

#endif
