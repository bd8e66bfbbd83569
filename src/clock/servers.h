/* The time servers, and whether they can be asked yet. */
#ifndef CLOCK_SERVERS_H
#define CLOCK_SERVERS_H

#include <stdbool.h>

#include "common/net_text.h"
#include "common/record.h"

enum { TIME_SERVERS_MAX = 8 }; /* as many as net keeps; the setting has fewer */

struct servers {
	bool off; /* by the setting */
	bool of_setting;
	unsigned count;
	char host[TIME_SERVERS_MAX][HOST_BYTES_MAX]; /* a name or an address */
};

/* Reads them from the value of the setting `ntp`, else from the record net/resolver. What is no name and no
 * address is left out. */
void servers_read(struct servers *s, const char *setting, const struct record_view *net_resolver);

bool servers_equal(const struct servers *a, const struct servers *b);

/* Families of which a NIC has an address that peers can reach. */
enum { FAMILY_IPV4 = 1, FAMILY_IPV6 = 2 };

/* Those of one NIC's record, as a mask. */
unsigned families_of(const struct record_view *nic, int64_t now_ms);

#endif
