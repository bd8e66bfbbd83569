#include "common/collector.h"

#include <string.h>

static const char udp_scheme[] = "udp://", tcp_scheme[] = "tcp://";
enum { SCHEME_BYTES = sizeof(udp_scheme) - 1 };

/* ":" is in an IPv6 address as well: a port stands behind its bracket. */
static bool has_port(const char *s, size_t length)
{
	return memchr(s, ':', length) != NULL && s[length - 1] != ']';
}

bool collector_parse(struct collector *c, const char *s, size_t length)
{
	char endpoint[ENDPOINT_TEXT_MAX + 1];
	struct text t = TEXT(endpoint);
	struct collector result = {0};
	if (length <= SCHEME_BYTES)
		return false;
	result.tcp = memcmp(s, tcp_scheme, SCHEME_BYTES) == 0;
	if (!result.tcp && memcmp(s, udp_scheme, SCHEME_BYTES) != 0)
		return false;
	s += SCHEME_BYTES;
	length -= SCHEME_BYTES;
	if (has_port(s, length)) {
		if (!endpoint_parse(&result.endpoint, s, length))
			return false;
	} else {
		text_clear(&t);
		text_add_escaped(&t, s, length);
		text_add(&t, ":%d", COLLECTOR_PORT);
		if (t.overflow || !endpoint_parse(&result.endpoint, endpoint, t.used))
			return false;
	}
	*c = result;
	return true;
}

void text_add_collector(struct text *t, const struct collector *c)
{
	bool bracketed = strchr(c->endpoint.host, ':') != NULL;
	text_add(t, "%s%s%s%s:%u", c->tcp ? tcp_scheme : udp_scheme, bracketed ? "[" : "", c->endpoint.host,
		bracketed ? "]" : "", c->endpoint.port);
}
