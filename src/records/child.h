/* The records init/service and init/child.NAME. */
#ifndef RECORDS_CHILD_H
#define RECORDS_CHILD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/appliance.h"
#include "fields.h"

enum child_phase {
	PHASE_UNKNOWN,
	PHASE_STARTING,
	PHASE_RUNNING,
	PHASE_WAITING,
	PHASE_STOPPING,
	PHASE_STOPPED
};

struct child_record {
	enum record_status status;
	enum child_phase phase;
	char name[40], phase_word[24], last_exit[96], ports[64];
	long long pid, since_ms, next_start_ms, last_exit_ms; /* -1: not told */
	long long restarts;
};

/* A port that the service is to listen on. */
struct port_record {
	char port[16], state[16]; /* "8080/tcp"; "starting", "listening", ...; "": not told */
};

/* The ports of the service. */
struct ports_record {
	struct port_record ports[PORTS_MAX];
	unsigned count; /* of those kept */
};

void child_record_read(
	struct child_record *s, const char *name, const struct record_view *v, enum record_status status);

void ports_record_read(struct ports_record *s, const struct record_view *v, enum record_status status);

/* Neither failing nor freshly restarted: nothing an admin needs to see. */
bool child_well(const struct child_record *c, int64_t now_ms);

/* Whether it is known that clients cannot reach the service by it. */
bool port_flawed(const struct port_record *p);

#endif
