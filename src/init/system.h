/* The record init/system, and the memory figures that it and the children's limits use. */
#ifndef THIMBLE_SYSTEM_H
#define THIMBLE_SYSTEM_H

#include "common/appliance.h"
#include "host_name.h"
#include "power.h"
#include "setting_sources.h"
#include "watchdog.h"

struct memory {
	uint64_t total_bytes, available_bytes; /* 0 when unknown */
};

/* MemTotal and MemAvailable of /proc/meminfo. */
struct memory memory_read(void);
void memory_parse(struct memory *m, const char *meminfo);

/* PROCESSES, or as many as the kernel leaves to one of its users when all others have theirs. */
uint64_t processes_bound(uint64_t processes);
uint64_t processes_left(uint64_t threads_max, uint64_t pid_max);

struct system {
	const struct appliance *appliance;
	const struct settings *settings;
	const struct power *power;
	const struct watchdog *watchdog;
	const struct host_name *host_name;
	int64_t started_ms; /* when PID 1 began */
};

void system_write_record(const struct system *s);

#endif
