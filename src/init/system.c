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

static void add_machine(struct record *r)
{
	char maker[64], product[96];
	read_line("/sys/class/dmi/id/sys_vendor", maker, sizeof(maker));
	read_line("/sys/class/dmi/id/product_name", product, sizeof(product));
	if (maker[0] != '\0' || product[0] != '\0')
		record_add(r, "machine", "%s %s", maker, product);
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

/* Copies KEY, where the record of clock has it, as NEW_KEY; no more than any of its values may have. */
static void copy_key(struct record *r, const char *new_key, const struct record_view *clock, const char *key)
{
	const char *value = record_get(clock, key);
	if (value != NULL)
		record_add(r, new_key, "%.64s", value);
}

static void add_clock_keys(struct record *r)
{
	static struct record_view clock;
	record_read(&clock, "clock", "state"); /* empty when there is none */
	record_add(r, "clock_unix_s", "%lld", (long long)time(NULL));
	record_add(
		r, "clock_source", "%s", record_get(&clock, "source") != NULL ? "ntp" : clock_began_from());
	copy_key(r, "clock_ntp", &clock, "state");
	copy_key(r, "clock_server", &clock, "server");
	copy_key(r, "clock_offset_us", &clock, "offset_us");
}

static void add_settings(struct record *r, const struct settings *s)
{
	char key[RECORD_NAME_MAX];
	record_add(r, "settings_refused", "%u", s->config.refused);
	for (unsigned i = 0; i < REFUSED_MAX && i < s->config.refused; i++) {
		snprintf(key, sizeof(key), "setting_refused.%u", i + 1);
		record_add(r, key, "%s", s->refused[i]);
	}
}

void system_write_record(const struct system *s)
{
	static struct record r;
	struct utsname names;
	struct memory memory = memory_read();
	uname(&names);
	record_begin(&r);
	record_add(&r, "appliance", "%s", s->appliance->name);
	record_add(&r, "version", "%s", s->appliance->version);
	record_add(&r, "arch", "%s", s->appliance->arch);
	record_add(&r, "kernel", "%s", names.release);
	record_add(&r, "hostname", "%s", names.nodename);
	record_add(&r, "hostname_origin", "%s", s->host_name->origin);
	add_machine(&r);
	record_add(&r, "state", "%s", s->power->state == POWER_ON ? "running" : "stopping");
	if (s->power->state != POWER_ON)
		record_add(&r, "stopping_reason", "%s", s->power->reason);
	record_add(&r, "uptime_s", "%lld", (long long)now_ms() / 1000);
	record_add(&r, "started_ms", "%lld", (long long)s->started_ms);
	add_clock_keys(&r);
	record_add(&r, "memory_total_bytes", "%llu", (unsigned long long)memory.total_bytes);
	record_add(&r, "memory_available_bytes", "%llu", (unsigned long long)memory.available_bytes);
	add_settings(&r, s->settings);
	record_add(&r, "watchdog", "%s", s->watchdog->identity);
	if (s->appliance->debug)
		record_add(&r, "debug", "1");
	if (record_commit(&r, "init", "system") < 0)
		log_warn("record init/system");
}
