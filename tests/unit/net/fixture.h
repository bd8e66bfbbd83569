/* Events as a test writes them: EVENT("reason=BOUND", "if_up=true", ...). */
#ifndef TEST_NET_FIXTURE_H
#define TEST_NET_FIXTURE_H

#include <string.h>

#include "event.h"
#include "lease.h"

static char event_bytes[4096];

static inline struct event make_event(const char *const *lines)
{
	size_t used = 0;
	for (; *lines != NULL; lines++) {
		size_t length = strlen(*lines) + 1;
		memcpy(event_bytes + used, *lines, length);
		used += length;
	}
	return (struct event){.data = event_bytes, .bytes = used};
}

#define EVENT(...) make_event((const char *const[]){__VA_ARGS__, NULL})

static inline void apply(struct leases *l, int64_t now_ms, struct event e)
{
	leases_apply(l, &e, now_ms);
}

static inline struct ip ip_of(const char *text)
{
	struct ip ip = {0};
	ip_parse(&ip, text, strlen(text));
	return ip;
}

#endif
