#include "clients.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/loop.h"
#include "common/net_text.h"

static void ring_init(struct ring *head)
{
	head->next = head->previous = head;
}

static void ring_append(struct ring *head, struct ring *r)
{
	r->next = head;
	r->previous = head->previous;
	r->previous->next = r;
	head->previous = r;
}

static void ring_remove(struct ring *r)
{
	r->previous->next = r->next;
	r->next->previous = r->previous;
}

void clients_init(struct clients *c)
{
	*c = (struct clients){0};
	/* Without randomness, as right after the start of a guest, clients that choose their addresses to
	 * share a bucket are slow to look up. */
	if (getrandom(c->key, sizeof(c->key), GRND_NONBLOCK) < 0)
		for (size_t i = 0; i < sizeof(c->key) / sizeof(c->key[0]); i++)
			c->key[i] = (uint64_t)now_ms() * UINT64_C(0x9e3779b97f4a7c15) * (i + 1);
	for (size_t i = 0; i < CLIENT_LEVELS; i++)
		ring_init(&c->level[i]);
}

/* Multilinear hashing: with a random key, two networks share a bucket by chance alone. */
static size_t bucket_of(const struct clients *c, const struct in6_addr *network)
{
	uint64_t hash = 0;
	uint32_t word;
	for (size_t i = 0; i < sizeof(c->key) / sizeof(c->key[0]); i++) {
		memcpy(&word, network->s6_addr + i * sizeof(word), sizeof(word));
		hash += c->key[i] * word;
	}
	return hash >> 32 & (CLIENT_BUCKETS - 1);
}

static struct client *find(const struct clients *c, const struct in6_addr *network)
{
	struct client *client = c->bucket[bucket_of(c, network)];
	while (client != NULL && memcmp(&client->network, network, sizeof(*network)) != 0)
		client = client->next;
	return client;
}

struct client *clients_find(const struct clients *c, const struct in6_addr *address)
{
	struct in6_addr network = client_network(address);
	return find(c, &network);
}

static struct client *make(struct clients *c, const struct in6_addr *network)
{
	struct client **bucket = &c->bucket[bucket_of(c, network)];
	struct client *client = malloc(sizeof(*client));
	if (client == NULL)
		return NULL;
	*client = (struct client){.network = *network, .next = *bucket};
	*bucket = client;
	ring_init(&client->sessions);
	return client;
}

/* The greatest N with 2^N <= COUNT, which is not 0. */
static unsigned level_of(size_t count)
{
	return (unsigned)(8 * sizeof(long) - 1) - (unsigned)__builtin_clzl(count);
}

static void set_level(struct clients *c, struct client *client)
{
	ring_append(&c->level[level_of(client->session_count)], &client->level);
}

struct client *clients_take(struct clients *c, const struct in6_addr *address, struct ring *session)
{
	struct in6_addr network = client_network(address);
	struct client *client = find(c, &network);
	if (client == NULL)
		client = make(c, &network);
	else
		ring_remove(&client->level);
	if (client == NULL)
		return NULL;
	ring_append(&client->sessions, session);
	client->session_count++;
	set_level(c, client);
	return client;
}

void clients_give(struct clients *c, struct client *client, struct ring *session)
{
	ring_remove(session);
	ring_remove(&client->level);
	if (--client->session_count > 0) {
		set_level(c, client);
		return;
	}
	struct client **at = &c->bucket[bucket_of(c, &client->network)];
	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	free(client);
}

void client_touch(struct client *client, struct ring *session)
{
	ring_remove(session);
	ring_append(&client->sessions, session);
}

struct ring *clients_greatest(const struct clients *c, size_t count, bool *far)
{
	for (unsigned level = CLIENT_LEVELS; level-- > 0;) {
		const struct ring *first = c->level[level].next;
		if (first == &c->level[level])
			continue;
		*far = level > level_of(count + 1);
		return container_of(first, struct client, level)->sessions.next;
	}
	return NULL;
}
