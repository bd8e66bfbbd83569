/* Room for one record, which is written or was read: 32 KB each, and never both at once. */
#ifndef THIMBLE_LOG_SCRATCH_H
#define THIMBLE_LOG_SCRATCH_H

#include "common/record.h"

extern union scratch {
	struct record record;
	struct record_view view;
} scratch;

#endif
