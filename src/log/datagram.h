/* What programs send by syslog(3) to /dev/log: a datagram in, lines out. */
#ifndef THIMBLE_LOG_DATAGRAM_H
#define THIMBLE_LOG_DATAGRAM_H

#include "source.h"

enum { DATAGRAM_BYTES_MAX = 8192 };

/* Calls EMIT for each line of the LENGTH bytes that were sent, "TAG: text" where there is a tag. Read are the
 * forms of glibc and musl, "<PRI>Mmm dd hh:mm:ss TAG[PID]: text", with another time or none, and RFC 5424;
 * what is of none of them is text. Without "<PRI>" the level is informational (6). */
void datagram_take(const char *bytes, size_t length, source_line *emit, void *context);

#endif
