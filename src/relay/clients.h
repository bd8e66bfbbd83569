/* Who holds how many sessions. A client is an IPv4 address or an IPv6 /64: whoever has one address of a /64
 * can have all of them. Each call takes constant time. */
#ifndef RELAY_CLIENTS_H
#define RELAY_CLIENTS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A place in a ring; the head of an empty one points at itself. */
struct ring {
	struct ring *next, *previous;
};

struct client {
	struct in6_addr network; /* IPv4 in mapped form; of IPv6 the first 64 bits */
	size_t session_count;
	struct ring sessions; /* the one that something happened to the longest ago comes first */
	struct ring level;    /* its place there */
	struct client *next;  /* in its bucket */
};

enum {
	CLIENT_BUCKETS = 1024,
	CLIENT_LEVELS = 17, /* 2^17 is more than relay.max-connections may be */
};

struct clients {
	struct client *bucket[CLIENT_BUCKETS];
	struct ring level[CLIENT_LEVELS]; /* at N: clients with 2^N to 2^(N+1)-1 sessions */
	uint64_t key[sizeof(struct in6_addr) / sizeof(uint32_t)];
};

void clients_init(struct clients *c);

/* The client at ADDRESS; NULL: it has no session. */
struct client *clients_find(const struct clients *c, const struct in6_addr *address);

/* Adds SESSION to the client at ADDRESS. NULL: no memory. */
struct client *clients_take(struct clients *c, const struct in6_addr *address, struct ring *session);

/* Takes SESSION away; the last one frees CLIENT. */
void clients_give(struct clients *c, struct client *client, struct ring *session);

/* Something has happened to SESSION. */
void client_touch(struct client *client, struct ring *session);

/* The first session of the client that holds the most, within a factor of two; NULL: there is none. *FAR:
 * that client still holds more than one that has COUNT once that one has got one from it. */
struct ring *clients_greatest(const struct clients *c, size_t count, bool *far);

#endif
