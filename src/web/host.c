#include "host.h"

#include <string.h>
#include <strings.h>

#include "common/net_text.h"

/* "HOST" or "HOST:PORT". */
static size_t name_bytes(const char *host)
{
	const char *end = host[0] == '[' ? strchr(host, ']') : strchr(host, ':');
	return end == NULL ? strlen(host) : (size_t)(end - host) + (host[0] == '[');
}

static bool is_address_literal(const char *host, size_t length)
{
	struct prefix p;
	bool bracketed = length > 2 && host[0] == '[' && host[length - 1] == ']';
	return memchr(host, '/', length) == NULL &&
	       prefix_parse(&p, host + bracketed, length - 2 * (size_t)bracketed);
}

static bool is_same(const char *word, size_t word_bytes, const char *host, size_t length)
{
	return word_bytes > 0 && length == word_bytes && strncasecmp(word, host, length) == 0;
}

/* NAME, or NAME in one of the domains of SEARCH, separated by spaces. */
static bool is_name(const char *name, size_t name_bytes, const char *search, const char *host, size_t length)
{
	if (is_same(name, name_bytes, host, length))
		return true;
	if (name_bytes == 0 || length <= name_bytes || strncasecmp(name, host, name_bytes) != 0 ||
		host[name_bytes] != '.')
		return false;
	host += name_bytes + 1;
	length -= name_bytes + 1;
	for (size_t bytes; *search != '\0'; search += bytes + (search[bytes] == ' ')) {
		bytes = strcspn(search, " ");
		if (is_same(search, bytes, host, length))
			return true;
	}
	return false;
}

bool host_is_ours(const char *host, const struct status *s)
{
	static const char local[] = "localhost";
	if (host == NULL)
		return true;
	const char *name = s->system.hostname, *search = s->resolver.search;
	size_t length = name_bytes(host);
	if (is_address_literal(host, length) || is_same(local, sizeof(local) - 1, host, length))
		return true;
	length -= length > 0 && host[length - 1] == '.';
	return is_name(name, strlen(name), search, host, length) ||
	       is_name(name, strcspn(name, "."), search, host, length);
}
