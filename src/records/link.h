/* The record link/state. */
#ifndef RECORDS_LINK_H
#define RECORDS_LINK_H

#include "fields.h"

enum { LINK_LINES_MAX = 8 };

/* What of the settings of addresses, VLANs and MTUs is not in force, in words. */
struct link_record {
	char lines[LINK_LINES_MAX][128];
	unsigned count; /* in all; more than LINK_LINES_MAX are not kept */
};

void link_record_read(struct link_record *s, const struct record_view *v, enum record_status status);

#endif
