/* How many sessions each client has: one entry for each address that has any. */
#ifndef RELAY_CLIENTS_H
#define RELAY_CLIENTS_H

#include <netinet/in.h>
#include <stddef.h>

struct client {
	struct in6_addr address; /* IPv4 in mapped form */
	size_t session_count;
	struct client *next; /* in its bucket */
};

enum { CLIENT_BUCKETS = 1024 };

struct clients {
	struct client *bucket[CLIENT_BUCKETS];
};

/* Counts one more session of ADDRESS. NULL: no memory. */
struct client *clients_take(struct clients *c, const struct in6_addr *address);

/* Counts one less; the last one frees CLIENT. */
void clients_give(struct clients *c, struct client *client);

#endif
