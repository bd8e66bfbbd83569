/* Writes what is known: the records net/IFNAME and net/resolver, and resolv.conf; only what changed. */
#ifndef THIMBLE_NET_OUTPUT_H
#define THIMBLE_NET_OUTPUT_H

#include "common/record.h"
#include "nic.h"
#include "resolver.h"

/* The record of NIC as docs/records.md has it. */
void nic_to_record(struct record *r, const struct nic *nic);

void resolver_to_record(struct record *r, const struct resolver *resolver, unsigned left_out);

/* Writes what differs from what was written before. False: a write failed, which is logged, and made again at
 * the next call. */
bool output_nic(struct nic *nic);
bool output_resolver(const struct resolver *resolver);

/* Removes the record of a NIC that is gone. */
void output_nic_gone(const struct nic *nic);

/* Removes the records that an earlier net process left for NICs that are not among NICS. */
void output_leftovers_gone(const struct nics *nics);

#endif
