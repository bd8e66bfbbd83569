/* The record init/system. */
#ifndef RECORDS_SYSTEM_H
#define RECORDS_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>

#include "fields.h"

enum { REFUSED_MAX = 8 };

/* clang-format off */
#define SYSTEM_KEYS(TEXT, NUMBER, KEY) \
	TEXT(appliance, 48, "name of the appliance") \
	TEXT(version, 24, "version of Thimble") \
	TEXT(arch, 16, "`x86_64`") \
	TEXT(kernel, 48, "release of the kernel") \
	TEXT(hostname, 72, "host name in use") \
	KEY("hostname_origin", "where it is from: `setting`, `dhcp`, `mac`") \
	TEXT(machine, 96, \
		"maker and product from DMI, as `QEMU Standard PC (Q35 + ICH9, 2009)`") \
	TEXT(state, 16, "`running`, `stopping`") \
	TEXT(stopping_reason, 80, \
		"`power button`, `Ctrl-Alt-Del`, `poweroff requested by console`, ...") \
	KEY("started_ms", "when init started") \
	NUMBER(uptime_s, -1, "seconds since the kernel started") \
	NUMBER(clock_unix_s, -1, "the clock, seconds since 1970 UTC") \
	TEXT(clock_source, 16, \
		"`ntp`: a time server has set or adjusted it since boot; else what it began " \
		"from: `rtc`, `kvm-clock` (KVM's word, where there is no RTC), `none`") \
	TEXT(clock_ntp, 16, "`state` of `clock/state`") \
	TEXT(clock_server, 52, "its `server`") \
	KEY("clock_offset_us", "its `offset_us`") \
	NUMBER(memory_total_bytes, -1, "MemTotal of /proc/meminfo") \
	NUMBER(memory_available_bytes, -1, "MemAvailable of /proc/meminfo") \
	NUMBER(settings_refused, 0, "how many settings were refused, 0 when none") \
	KEY("setting_refused.N", "the first 8 of them: what was read, where, what is allowed") \
	TEXT(watchdog, 48, "its identity, or `none`") \
	NUMBER(debug, 0, "1 in an image built with DEBUG=1")
/* clang-format on */

struct system_record {
	enum record_status status;
	RECORD_MEMBERS(SYSTEM_KEYS)
	bool stopping, clock_offset_told;
	int64_t clock_offset_us;
	char refused[REFUSED_MAX][256];
	unsigned refused_listed;
};

/* Each takes what record_read gave: V is looked at only when STATUS is RECORD_READ. */
void system_record_read(struct system_record *s, const struct record_view *v, enum record_status status);

#endif
