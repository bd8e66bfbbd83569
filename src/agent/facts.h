/* The facts reported to hypervisors, from the records of init and net, all of them checked. */
#ifndef THIMBLE_FACTS_H
#define THIMBLE_FACTS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/utsname.h>

#include "common/record.h"
#include "records/nic.h"

enum { FACTS_LIST_MAX = 16 };

struct facts {
	struct utsname system;
	char names[NICS_MAX][RECORD_NAME_MAX];
	size_t count;
	struct record_view view; /* the record that was read last */
};

enum facts_origin { FACTS_DHCP, FACTS_SLAAC, FACTS_STATIC, FACTS_LINK_LOCAL };

struct facts_address {
	int family;
	char text[INET6_ADDRSTRLEN];
	uint8_t bytes[16]; /* in network order, 4 or 16 */
	unsigned prefix_length;
	enum facts_origin origin;
	bool deprecated;
};

/* Finds the NICs and the system's name. */
void facts_begin(struct facts *f);

/* Reads the record of NIC number I, from 0, into F->view. False: it has gone, or is none. */
bool facts_nic(struct facts *f, size_t i);

/* The next address of the NIC that was read which others can use (not tentative, not another's); *INDEX
 * begins as 0. False at the end. */
bool facts_next_address(const struct facts *f, unsigned *index, struct facts_address *a);

/* The MAC of the NIC that was read, six bytes. False: it has none. */
bool facts_mac(const struct facts *f, uint8_t mac[static 6]);

/* The first word of item INDEX of LIST in F->view when it is an address, without a scope. False: there is no
 * such item; "" in ADDRESS: it is none. */
bool facts_listed_address(
	const struct facts *f, const char *list, unsigned index, char address[static INET6_ADDRSTRLEN]);

/* NAME[.DOMAIN]: the host's name with the first search domain. Reads a record. */
void facts_full_name(struct facts *f, struct text *name);

/* The appliance's name, "" while init has not written it. Reads a record; valid until the next one. */
const char *facts_appliance(struct facts *f);

/* The address that people would use: the first of IPv4, else of IPv6, not link-local. "" when there is none.
 * Reads records. */
void facts_main_address(struct facts *f, char address[static INET6_ADDRSTRLEN]);

#endif
