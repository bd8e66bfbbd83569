#include "log_limit.h"

#include <string.h>

/* Where CLIENT is remembered, or the place that was used the longest ago. */
static unsigned find_place(struct log_limit *l, const struct in6_addr *client)
{
	unsigned oldest = 0;
	for (unsigned i = 0; i < l->client_count; i++) {
		if (memcmp(&l->client[i].address, client, sizeof(*client)) == 0)
			return i;
		if (l->client[i].logged_ms < l->client[oldest].logged_ms)
			oldest = i;
	}
	if (l->client_count == LOG_CLIENTS_MAX)
		return oldest;
	l->client[l->client_count].logged_ms = INT64_MIN;
	return l->client_count++;
}

bool log_limit_allows(struct log_limit *l, const struct in6_addr *client, int64_t now, unsigned *held_back)
{
	unsigned place = 0;
	if (client != NULL) {
		place = find_place(l, client);
		bool known = l->client[place].logged_ms != INT64_MIN &&
			     memcmp(&l->client[place].address, client, sizeof(*client)) == 0;
		if (known && now - l->client[place].logged_ms < LOG_CLIENT_MS)
			return false;
	}
	if (l->lines == 0 || now - l->window_ms >= LOG_WINDOW_MS) {
		l->window_ms = now;
		l->lines = 0;
	}
	if (l->lines == LOG_WINDOW_LINES) {
		l->held_back++;
		return false;
	}
	l->lines++;
	if (client != NULL) {
		l->client[place].address = *client;
		l->client[place].logged_ms = now;
	}
	*held_back = l->held_back;
	l->held_back = 0;
	return true;
}
