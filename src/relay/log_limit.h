/* Who may cause how many lines of log: errors that a stranger can cause must not fill it. */
#ifndef RELAY_LOG_LIMIT_H
#define RELAY_LOG_LIMIT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	LOG_CLIENT_MS = 60000, /* one line for each client in this time */
	LOG_CLIENTS_MAX = 64,  /* clients that are remembered */
	LOG_WINDOW_MS = 10000, /* and so many lines in all */
	LOG_WINDOW_LINES = 10,
};

struct log_limit {
	struct {
		struct in6_addr address;
		int64_t logged_ms;
	} client[LOG_CLIENTS_MAX];
	unsigned client_count;
	int64_t window_ms;  /* when the window began */
	unsigned lines;     /* in it */
	unsigned held_back; /* lines that were not written since the last one that was, other than
			       repetitions of a client's */
};

/* Whether a line about CLIENT may be written now. *HELD_BACK: how many were not since the last one, to be
 * told with it. */
bool log_limit_allows(struct log_limit *l, const struct in6_addr *client, int64_t now, unsigned *held_back);

#endif
