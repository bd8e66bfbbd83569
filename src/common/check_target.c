#include "common/check_target.h"

#include <string.h>

#include "common/text.h"

/* What can stand in a request's first line (RFC 3986, as far as it has to hold here). */
static bool is_request_path(const char *path)
{
	for (const char *c = path; *c != '\0'; c++)
		if (*c <= ' ' || *c == 0x7f || (unsigned char)*c >= 0x80)
			return false;
	return path[0] == '/';
}

bool check_target_parse(struct check_target *t, const char *value)
{
	static const char tcp[] = "tcp:", http[] = "http:";
	uint64_t port;
	t->http = strncmp(value, http, sizeof(http) - 1) == 0;
	if (!t->http && strncmp(value, tcp, sizeof(tcp) - 1) != 0)
		return false;
	const char *number = value + (t->http ? sizeof(http) : sizeof(tcp)) - 1;
	size_t digits = strspn(number, "0123456789");
	if (!parse_number_n(number, digits, 1, 65535, &port))
		return false;
	t->port = (unsigned)port;
	t->path = number + digits;
	return t->http ? is_request_path(t->path) : t->path[0] == '\0';
}
