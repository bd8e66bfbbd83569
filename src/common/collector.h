/* The setting `syslog`: whom the log is sent to. */
#ifndef THIMBLE_COLLECTOR_H
#define THIMBLE_COLLECTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "net_text.h"

enum {
	COLLECTOR_PORT = 514, /* RFC 5426 3.3; of TCP as well, by custom */
	COLLECTOR_TEXT_MAX = sizeof("udp://") - 1 + ENDPOINT_TEXT_MAX,
};

struct collector {
	bool tcp;
	struct endpoint endpoint;
};

/* Parses "udp://HOST[:PORT]" or "tcp://HOST[:PORT]", an IPv6 address in brackets, that takes up all LENGTH
 * bytes. False: not of that form. */
bool collector_parse(struct collector *c, const char *s, size_t length);

/* Appends the same again, always with its port. */
void text_add_collector(struct text *t, const struct collector *c);

#endif
