/* What questions depend on: whether there are name servers, and the search domains. */
#ifndef RESOLVER_ENVIRONMENT_H
#define RESOLVER_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/config.h"
#include "common/record.h"
#include "packet.h"

struct environment {
	bool has_servers;
	uint64_t servers_hash; /* of resolv.conf: when it differs, the servers have changed */
	unsigned domain_count;
	char domain[DOMAINS_MAX][HOST_BYTES_MAX]; /* without a dot at the end */
};

/* Reads LENGTH bytes of resolv.conf(5). The last line of search or domain counts. */
void environment_read_conf(struct environment *e, const char *bytes, size_t length);

/* Takes the domains of the record net/resolver, when it has any, in place of those. */
void environment_read_record(struct environment *e, const struct record_view *net_resolver);

/* Takes the domains of the setting `search`, when it has any, in place of those. */
void environment_read_search(struct environment *e, const char *search);

/* All of it: /etc/resolv.conf, the record and the setting. */
void environment_read(struct environment *e, const struct config *c);

bool environment_is_same(const struct environment *a, const struct environment *b);

extern const char environment_conf_path[];

#endif
