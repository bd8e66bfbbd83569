#include "system.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"
#include "common/net_text.h"
#include "common/record.h"
#include "common/text.h"
#include "records/clock.h"
#include "records/system.h"

/* The number of kB behind NAME in /proc/meminfo, in bytes. */
static uint64_t find(const char *meminfo, const char *name)
{
	const char *line = strstr(meminfo, name);
	uint64_t kilobytes = 0;
	if (line == NULL)
		return 0;
	line += strlen(name);
	line += strspn(line, " ");
	return parse_number_n(line, strspn(line, "0123456789"), 0, UINT64_MAX / 1024, &kilobytes)
		       ? kilobytes * 1024
		       : 0;
}

void memory_parse(struct memory *m, const char *meminfo)
{
	m->total_bytes = find(meminfo, "MemTotal:");
	m->available_bytes = find(meminfo, "MemAvailable:");
}

struct memory memory_read(void)
{
	/* Both stand in the first three lines. */
	char meminfo[256];
	struct memory m = {0};
	if (file_read("/proc/meminfo", meminfo, sizeof(meminfo)) > 0)
		memory_parse(&m, meminfo);
	return m;
}

/* One line of a sysfs file, without its newline; "" when there is none. */
static void read_line(const char *path, char *line, size_t size)
{
	if (file_read(path, line, size) < 0)
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
}

/* RESERVED_PIDS: those that the kernel gives out once only (kernel/pid.c). OTHERS: the kernel's
 * own threads and all programs but the service, some 40 at rest, with the processes that they fork. */
enum { RESERVED_PIDS = 300, OTHERS = 96 };

uint64_t processes_left(uint64_t threads_max, uint64_t pid_max)
{
	uint64_t all = pid_max - RESERVED_PIDS < threads_max ? pid_max - RESERVED_PIDS : threads_max;
	return all < 2 * OTHERS ? all / 2 : all - OTHERS;
}

static uint64_t read_limit(const char *path)
{
	char text[24];
	uint64_t number;
	read_line(path, text, sizeof(text));
	return parse_number(text, RESERVED_PIDS / 10, INT32_MAX, &number) ? number : INT32_MAX;
}

uint64_t processes_bound(uint64_t processes)
{
	uint64_t left = processes_left(
		read_limit("/proc/sys/kernel/threads-max"), read_limit("/proc/sys/kernel/pid_max"));
	if (processes <= left)
		return processes;
	log_info("the service may have %llu processes, not %llu: as many as this memory is good for",
		(unsigned long long)left, (unsigned long long)processes);
	return left;
}

/* Maker and product, or NULL. */
static const char *read_machine(char machine[static 168])
{
	char maker[64], product[96];
	read_line("/sys/class/dmi/id/sys_vendor", maker, sizeof(maker));
	read_line("/sys/class/dmi/id/product_name", product, sizeof(product));
	snprintf(machine, 168, "%s %s", maker, product);
	return maker[0] != '\0' || product[0] != '\0' ? machine : NULL;
}

/* What the clock began from. Where there is no RTC, the kernel takes KVM's time: it does so
 * exactly when it has this clock source (arch/x86/kernel/kvmclock.c kvmclock_init()). */
static const char *clock_began_from(void)
{
	char sources[128];
	if (access("/sys/class/rtc/rtc0", F_OK) == 0)
		return "rtc";
	read_line("/sys/devices/system/clocksource/clocksource0/available_clocksource", sources,
		sizeof(sources));
	return strstr(sources, "kvm-clock") != NULL ? "kvm-clock" : "none";
}

static void add_refused(struct record *r, const char *key, const void *from)
{
	const struct settings *s = from;
	for (unsigned i = 0; i < REFUSED_MAX && i < s->config.refused; i++)
		record_add_item(r, key, i + 1, "%s", s->refused[i]);
}

static void read_clock(struct clock_record *clock)
{
	static struct record_view view;
	clock_record_read(clock, &view, record_load(&view, "clock", "state"));
}

void system_write_record(const struct system *s)
{
	static struct record r;
	static bool failed;
	struct clock_record clock;
	struct utsname names;
	struct memory memory = memory_read();
	char machine[168];
	bool on = s->power->state == POWER_ON;
	uname(&names);
	read_clock(&clock);
	system_record_write(
		&r, &(struct system_told){
			    .from = s->settings,
			    .appliance = s->appliance->name,
			    .version = s->appliance->version,
			    .arch = s->appliance->arch,
			    .kernel = names.release,
			    .hostname = names.nodename,
			    .hostname_origin = s->host_name->origin,
			    .machine = read_machine(machine),
			    .state = on ? "running" : "stopping",
			    .stopping_reason = on ? NULL : s->power->reason,
			    .uptime_s = now_ms() / 1000,
			    .started_ms = s->started_ms,
			    .clock_unix_s = time(NULL),
			    .clock_source = clock.source[0] != '\0' ? "ntp" : clock_began_from(),
			    .clock_ntp = unless_empty(clock.state),
			    .clock_server = clock.told_ms >= 0 ? clock.server : NULL,
			    .clock_offset_us = unless_empty(clock.offset_us),
			    .memory_total_bytes = (long long)memory.total_bytes,
			    .memory_available_bytes = (long long)memory.available_bytes,
			    .settings_refused = s->settings->config.refused,
			    .setting_refused_items = add_refused,
			    .watchdog = s->watchdog->identity,
			    .reset_reason = s->watchdog->identity[0] != '\0'
						    ? reset_reason_words[s->watchdog->reset_reason]
						    : NULL,
			    .debug = s->appliance->debug ? 1 : -1,
		    });
	bool written = record_commit(&r, "init", "system") == 0;
	if (!written && !failed)
		log_warn("record init/system, trying again");
	failed = !written;
}
