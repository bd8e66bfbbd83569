/* All that is known of the guest, taken from its records (docs/records.md). load.h fills it from the disk. */
#ifndef STATUS_STATUS_H
#define STATUS_STATUS_H

#include "records/agent.h"
#include "records/child.h"
#include "records/config.h"
#include "records/link.h"
#include "records/log.h"
#include "records/nic.h"
#include "records/relay.h"
#include "records/resolver.h"
#include "records/system.h"

struct status {
	struct system_record system;
	struct config_record settings;
	struct child_record service;
	struct ports_record ports;
	struct child_record children[CHILDREN_MAX];
	unsigned child_count; /* in all; at most CHILDREN_MAX are kept */
	struct relay_record relay;
	struct nic_record nics[NICS_MAX];
	unsigned nic_count; /* in all; at most NICS_MAX are kept */
	struct resolver_record resolver;
	struct link_record link;
	struct log_record log;
	struct collector_record collector;
	struct agent_record agent;
};

/* The first address by which peers can reach the guest, or NULL. */
const struct nic_address *first_usable(const struct status *s, int64_t now_ms);

/* Whether there are such addresses, and none of them is in a network that on-link could mean. */
bool alone_on_link(const struct status *s, int64_t now_ms);

/* Whether the relay's record tells of now: it can be read, and its writer runs. */
bool relay_told(const struct status *s);

#endif
