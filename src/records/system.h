/* The record init/system. */
#ifndef RECORDS_SYSTEM_H
#define RECORDS_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>

#include "fields.h"

enum { REFUSED_MAX = 8 };

/* clang-format off */
/* Why the machine started. */
#define RESET_REASONS(X) \
	X(RESET_UNKNOWN, "unknown", " (no watchdog tells; a start is one as well)") \
	X(RESET_WATCHDOG, "watchdog", " (it has bitten)") \
	X(RESET_OVERHEAT, "overheat", " (of the processor)")

#define SYSTEM_KEYS(TEXT, NUMBER, LIST, KEY) \
	TEXT(appliance, 48, 1, "name of the appliance") \
	TEXT(version, 24, 1, "version of Thimble") \
	TEXT(arch, 16, 1, "`x86_64`") \
	TEXT(kernel, 48, 1, "release of the kernel") \
	TEXT(hostname, 72, 1, "host name in use") \
	TEXT(hostname_origin, 16, 0, "its source: `setting`, `dhcp`, `mac`") \
	TEXT(machine, 96, 1, \
		"maker and product from DMI, as `QEMU Standard PC (Q35 + ICH9, 2009)`") \
	TEXT(state, 16, 0, "`running`, `stopping`") \
	TEXT(stopping_reason, 80, 1, \
		"`power button`, `Ctrl-Alt-Del`, `poweroff requested by console`, ...") \
	NUMBER(uptime_s, -1, 1, "seconds since the kernel started") \
	NUMBER(started_ms, -1, 0, "when init started") \
	NUMBER(clock_unix_s, -1, 0, "the clock, seconds since 1970 UTC") \
	TEXT(clock_source, 16, 0, \
		"`ntp`: a time server has set or adjusted it since boot; else what it began " \
		"from: `rtc`, `kvm-clock` (KVM's time, where there is no RTC), `none`") \
	TEXT(clock_ntp, 16, 0, "`state` of `clock/state`") \
	TEXT(clock_server, 52, 0, "its `server`") \
	TEXT(clock_offset_us, 24, 0, "its `offset_us`") \
	NUMBER(memory_total_bytes, -1, 1, "MemTotal of /proc/meminfo") \
	NUMBER(memory_available_bytes, -1, 1, "MemAvailable of /proc/meminfo") \
	NUMBER(settings_refused, 0, 1, "how many settings were refused, 0 when none") \
	LIST(setting_refused, "the first 8 of them: what was read, where, what is allowed") \
	TEXT(watchdog, 48, 1, "its identity, or `none`") \
	TEXT(reset_reason, 16, 1, "why the machine was reset last, as its watchdogs tell: " WORDS(RESET_REASONS)) \
	NUMBER(debug, 0, 0, "1 in an image built with DEBUG=1")

#define SYSTEM_METRICS(X) \
	X(uptime_s, GAUGE, "uptime_seconds", "Seconds since the kernel started.") \
	X(memory_total_bytes, GAUGE, "memory_total_bytes", "MemTotal of the kernel.") \
	X(memory_available_bytes, GAUGE, "memory_available_bytes", "MemAvailable of the kernel.") \
	X(settings_refused, GAUGE, "settings_refused", "Settings that were not taken.") \
	X(clock_unix_s, GAUGE, "clock_seconds", "The clock, seconds since 1970 UTC.")
/* clang-format on */

enum reset_reason { RESET_REASONS(WORD_ID) RESET_REASON_COUNT };
extern const char *const reset_reason_words[RESET_REASON_COUNT];

struct system_told RECORD_TOLD(SYSTEM_KEYS);

struct system_record {
	enum record_status status;
	RECORD_MEMBERS(SYSTEM_KEYS)
	bool stopping, offset_told;
	int64_t offset_us; /* clock_offset_us as a number */
	char refused[REFUSED_MAX][256];
	unsigned refused_listed;
};

/* Whether somebody should know of it. */
bool reset_told(const struct system_record *s);

/* Each takes what record_read gave: V is looked at only when STATUS is RECORD_READ. */
void system_record_read(struct system_record *s, const struct record_view *v, enum record_status status);
void system_record_write(struct record *r, const struct system_told *told);
extern const struct record_field system_fields[];

#endif
