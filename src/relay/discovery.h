/* Where the targets come from: literals from the settings, all others from the resolver's record
 * resolver/upstreams (docs/records.md). The relay itself speaks no DNS. */
#ifndef RELAY_DISCOVERY_H
#define RELAY_DISCOVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/record.h"
#include "records/watch.h"
#include "settings.h"
#include "upstream.h"

enum { SOURCE_TEXT_MAX = HOST_BYTES_MAX + 64 };

struct discovery {
	struct upstreams *upstreams;
	const struct settings *settings;
	struct watch watch;
	bool needed; /* there are items that are no literals */
	/* For each item: the resolver's state of it and words, as "failed NXDOMAIN: ..."; "" for a literal.
	 */
	char source[ITEMS_MAX][SOURCE_TEXT_MAX];
	/* Of a service with targets: the full name that they were found by; else "". */
	char asked[ITEMS_MAX][HOST_BYTES_MAX];
	size_t left_out; /* targets and addresses that did not fit, by the resolver's count and ours */
};

/* Fills UPSTREAMS from now on. All must outlive D. */
void discovery_init(
	struct discovery *d, struct loop *loop, struct upstreams *upstreams, const struct settings *settings);

/* After a change of the settings. */
void discovery_renew(struct discovery *d);
void discovery_free(struct discovery *d);

/* Reads "ITEM PRIORITY WEIGHT PORT HOST EXPIRES_MS ADDRESS[,ADDRESS...]", ADDRESS "-" for none, of an item
 * from 1 to ITEM_COUNT. False: not of that form. */
bool target_parse(struct target *t, const char *value, size_t item_count);

#endif
