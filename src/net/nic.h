/* The NICs: what the kernel has (by netlink_dump) and what dhcpcd reported, each with its list of leases. */
#ifndef THIMBLE_NET_NIC_H
#define THIMBLE_NET_NIC_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/netlink_parse.h"
#include "records/nic.h"
#include "lease.h"

enum { NIC_ADDRESSES_MAX = 16, NIC_GATEWAYS_MAX = 8, DRIVER_BYTES_MAX = 32 };

struct address {
	struct ip ip;
	uint8_t prefix_length;
	uint32_t flags;     /* IFA_F_* */
	int64_t expires_ms; /* CLOCK_MONOTONIC, or FOREVER */
};

struct address_list {
	unsigned count, left_out;
	struct address entry[NIC_ADDRESSES_MAX];
};

struct gateway {
	struct ip ip;
	uint8_t protocol; /* RTPROT_* */
	uint32_t metric;
};

struct gateway_list {
	unsigned count, left_out;
	struct gateway entry[NIC_GATEWAYS_MAX];
};

struct nic {
	struct nic *next; /* by ifindex */
	int ifindex;
	char ifname[IF_NAMESIZE];
	char driver[DRIVER_BYTES_MAX]; /* "" when not known */
	bool has_mac, carrier;
	bool seen; /* while the kernel is asked */
	uint8_t mac[MAC_BYTES];
	uint32_t mtu;
	struct address_list addresses, addresses_before; /* before: at the refresh before the last */
	struct gateway_list gateways;
	struct leases leases;
	struct nic_told told; /* for its record: what is counted and timed here */
	char *written;        /* the record as it stands, NULL for none; malloc'd */
};

struct nics {
	struct nic *first;
	unsigned count;
	unsigned left_out; /* that NICS_MAX did not take */
};

/* Asks the kernel by FD (netlink_open_dump) for links, addresses and default routes, and makes *NICS like
 * them: new ones appear, those gone move to *GONE (nics_free_list). 0; or -1 with errno: ask again. */
int nics_refresh(struct nics *nics, int fd, int64_t now_ms, struct nic **gone);

void nics_free_list(struct nic *list);

struct nic *nics_find(const struct nics *nics, const char *ifname);

/* Where the address came from; see docs/net.md. */
enum origin nic_address_origin(const struct nic *nic, const struct address *a);

enum origin gateway_origin(const struct gateway *g);

/* Whether LEASE's servers may be used: it is held, and the kernel has one of its addresses (when it has any:
 * an answer to an inform has none). */
bool nic_lease_in_force(const struct nic *nic, const struct lease *lease);

/* Takes the end of the leases from the addresses' own: a replayed event does not say when the
 * lease began. */
void nic_adopt_expiry(struct nic *nic);

#endif
