/* What a worker sends to its parent: one packet, which the parent checks as if a stranger had sent it. */
#ifndef RESOLVER_PACKET_H
#define RESOLVER_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "answer.h"
#include "common/config.h"

enum {
	DOMAINS_MAX = 8,
	NAMES_MAX = DOMAINS_MAX + 1, /* in each domain, then by itself */
};

/* What a worker is asked: for the services or the addresses of the first of the names that has any. */
struct question {
	bool service;
	uint16_t port; /* of a host */
	unsigned name_count;
	char name[NAMES_MAX][HOST_BYTES_MAX];
};

struct target {
	uint16_t priority, weight, port;
	uint8_t address_count;
	uint8_t incomplete; /* 1: not all of its addresses came */
	uint32_t ttl_s;     /* TTL_MIN_S to TTL_MAX_S */
	char host[HOST_BYTES_MAX];
	struct in6_addr address[ADDRESSES_MAX]; /* IPv4 in mapped form; in the order to try them */
};

struct packet {
	uint32_t status;  /* enum answer_status: of the name `asked` */
	uint32_t failure; /* of an earlier name, for which the servers failed; or ANSWER_OK */
	uint32_t asked;   /* which one of the question's names */
	uint32_t left_out, refused;
	uint32_t count;
	struct target target[TARGETS_MAX];
};

/* How many bytes of P are sent. */
size_t packet_bytes(const struct packet *p);

/* Whether the BYTES bytes at P are a packet with nothing in it that does not belong there, about one of
 * NAME_COUNT names. */
bool packet_is_good(const struct packet *p, size_t bytes, unsigned name_count);

#endif
