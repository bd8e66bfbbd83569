#include "log_limit.h"

#include <string.h>

/* The place of CLIENT, or the one for it when it is not remembered (*KNOWN false): a free one, or the one
 * that was used the longest ago. */
static unsigned find_place(const struct log_limit *l, const struct in6_addr *client, bool *known)
{
	unsigned oldest = 0;
	*known = false;
	for (unsigned i = 0; i < l->client_count; i++) {
		*known = memcmp(&l->client[i].address, client, sizeof(*client)) == 0;
		if (*known)
			return i;
		if (l->client[i].logged_ms < l->client[oldest].logged_ms)
			oldest = i;
	}
	return l->client_count < LOG_CLIENTS_MAX ? l->client_count : oldest;
}

bool log_limit_allows(struct log_limit *l, const struct in6_addr *client, int64_t now, unsigned *held_back)
{
	bool known;
	unsigned place = find_place(l, client, &known);
	if (known && now - l->client[place].logged_ms < LOG_CLIENT_MS)
		return false;
	if (l->lines == 0 || now - l->window_ms >= LOG_WINDOW_MS) {
		l->window_ms = now;
		l->lines = 0;
	}
	if (l->lines == LOG_WINDOW_LINES) {
		l->held_back++;
		return false;
	}
	l->lines++;
	if (place == l->client_count)
		l->client_count++;
	l->client[place].address = *client;
	l->client[place].logged_ms = now;
	*held_back = l->held_back;
	l->held_back = 0;
	return true;
}
