#include "clients.h"

#include <stdlib.h>
#include <string.h>

static struct client **find_bucket(struct clients *c, const struct in6_addr *address)
{
	uint32_t hash = 0, word;
	for (size_t at = 0; at < sizeof(*address); at += sizeof(word)) {
		memcpy(&word, address->s6_addr + at, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b1u;
	}
	return &c->bucket[hash >> 16 & (CLIENT_BUCKETS - 1)];
}

struct client *clients_take(struct clients *c, const struct in6_addr *address)
{
	struct client **bucket = find_bucket(c, address), *client = *bucket;
	while (client != NULL && memcmp(&client->address, address, sizeof(*address)) != 0)
		client = client->next;
	if (client == NULL) {
		client = malloc(sizeof(*client));
		if (client == NULL)
			return NULL;
		*client = (struct client){.address = *address, .next = *bucket};
		*bucket = client;
	}
	client->session_count++;
	return client;
}

void clients_give(struct clients *c, struct client *client)
{
	if (--client->session_count > 0)
		return;
	struct client **at = find_bucket(c, &client->address);
	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	free(client);
}
