/* What an answer of a DNS server says. Bytes to structs: no I/O, no memory of its own, and nothing in the
 * bytes is trusted. Message format: RFC 1035 4.1; SRV: RFC 2782. */
#ifndef RESOLVER_ANSWER_H
#define RESOLVER_ANSWER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/net_text.h"

enum {
	TARGETS_MAX = 32,  /* of one question: the best are kept, the rest is counted */
	ADDRESSES_MAX = 8, /* of one target */
	TTL_MIN_S = 5,
	TTL_MAX_S = 3600,
};

/* What came of a question. Up to ANSWER_ALL_REFUSED the servers have answered: yes or no. After
 * it they could not say, and what was known before stays true. */
enum answer_status {
	ANSWER_OK,
	ANSWER_NO_NAME,     /* NXDOMAIN */
	ANSWER_NO_DATA,     /* the name has no such record */
	ANSWER_NO_SERVICE,  /* the target is "." (RFC 2782) */
	ANSWER_ALL_REFUSED, /* records, but none that can be used */
	ANSWER_SILENT,      /* none came */
	ANSWER_SERVFAIL,
	ANSWER_REFUSED,   /* by the servers */
	ANSWER_ERROR,     /* another response code */
	ANSWER_TRUNCATED, /* and no whole one by TCP */
	ANSWER_MALFORMED,
	ANSWER_STATUS_COUNT
};

/* Whether the servers have spoken. */
bool answer_is_final(enum answer_status status);

struct answer_service {
	uint16_t priority, weight, port;
	char host[HOST_BYTES_MAX]; /* no dot at its end */
};

struct answer_services {
	unsigned count, left_out;
	unsigned refused;                        /* bad names, port 0, bad lengths */
	uint32_t ttl_s;                          /* the smallest on the way, as it came */
	struct answer_service list[TARGETS_MAX]; /* lower priority first, then higher weight */
};

struct answer_addresses {
	unsigned count, left_out, refused;
	uint32_t ttl_s;
	struct in6_addr list[ADDRESSES_MAX]; /* as the servers order them; IPv4 in mapped form */
};

/* Read the answer to the question for NAME's SRV records, or its addresses of FAMILY. CNAMEs are followed
 * within the answer. *A is empty unless the status is ANSWER_OK, but for `refused`. */
enum answer_status answer_read_services(
	struct answer_services *a, const uint8_t *bytes, size_t length, const char *name);
enum answer_status answer_read_addresses(
	struct answer_addresses *a, const uint8_t *bytes, size_t length, const char *name, int family);

/* What the header alone says of an answer that was not taken; ANSWER_SILENT when there is none in BYTES. */
enum answer_status answer_read_failure(const uint8_t *bytes, size_t length);

/* Whether an upstream that was found by its name may have address A (IPv4 in mapped form): not unspecified,
 * multicast, broadcast, reserved, this machine's loopback, or link-local, where clouds have metadata
 * with the machine's secrets. To use such an address, write it into the setting itself. */
bool answer_is_host_address(const struct in6_addr *a);

/* SECONDS within TTL_MIN_S and TTL_MAX_S. */
uint32_t answer_bound_ttl(uint32_t seconds);

#endif
