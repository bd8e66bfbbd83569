/* The record net/resolver. */
#ifndef RECORDS_RESOLVER_H
#define RECORDS_RESOLVER_H

#include "fields.h"

enum { SERVERS_MAX = 6 };

struct server_record {
	char address[52], origin[16], ifname[20];
};

struct resolver_record {
	enum record_status status;
	struct server_record servers[SERVERS_MAX];
	unsigned server_count; /* in all */
	char search[160];
	char trust[64]; /* the NICs whose words are taken, "none", or "" for all */
};

void resolver_record_read(struct resolver_record *s, const struct record_view *v, enum record_status status);

#endif
