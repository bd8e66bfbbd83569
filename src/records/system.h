/* The record init/system. */
#ifndef RECORDS_SYSTEM_H
#define RECORDS_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>

#include "fields.h"

enum { REFUSED_MAX = 8 };

struct system_record {
	enum record_status status;
	char appliance[48], version[24], hostname[72], kernel[48], arch[16], machine[96];
	char clock_source[16], clock_ntp[16], clock_server[52], watchdog[48], stopping_reason[80];
	bool clock_offset_told;
	int64_t clock_offset_us;
	bool stopping, debug;
	long long uptime_s;                                   /* -1: not told */
	long long clock_unix_s;                               /* -1: not told */
	long long memory_total_bytes, memory_available_bytes; /* -1: not told */
	long long refused_count;
	char refused[REFUSED_MAX][256];
	unsigned refused_listed;
};

/* Each takes what record_read gave: V is looked at only when STATUS is RECORD_READ. */
void system_record_read(struct system_record *s, const struct record_view *v, enum record_status status);

#endif
