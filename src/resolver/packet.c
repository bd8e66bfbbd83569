#include "packet.h"

#include <string.h>

/* Counts of what did not fit: a message has no room for more records. */
enum { COUNT_MAX = 1 << 20 };

size_t packet_bytes(const struct packet *p)
{
	return offsetof(struct packet, target) + p->count * sizeof(p->target[0]);
}

static bool target_is_good(const struct target *t)
{
	size_t length = strnlen(t->host, sizeof(t->host));
	if (length == sizeof(t->host) || !host_name_valid(t->host, length) || t->host[length - 1] == '.')
		return false;
	if (t->port == 0 || t->address_count > ADDRESSES_MAX || t->incomplete > 1 || t->ttl_s < TTL_MIN_S ||
		t->ttl_s > TTL_MAX_S)
		return false;
	for (unsigned i = 0; i < t->address_count; i++)
		if (!answer_is_host_address(&t->address[i]))
			return false;
	return true;
}

bool packet_is_good(const struct packet *p, size_t bytes, unsigned name_count)
{
	if (bytes < offsetof(struct packet, target) || p->count > TARGETS_MAX || bytes != packet_bytes(p))
		return false;
	if (p->status >= ANSWER_STATUS_COUNT || (p->status == ANSWER_OK) != (p->count > 0))
		return false;
	if (p->failure != ANSWER_OK &&
		(p->failure >= ANSWER_STATUS_COUNT || answer_is_final((enum answer_status)p->failure)))
		return false;
	if (p->asked >= name_count || p->left_out > COUNT_MAX || p->refused > COUNT_MAX)
		return false;
	for (unsigned i = 0; i < p->count; i++)
		if (!target_is_good(&p->target[i]))
			return false;
	return true;
}
