/* The records init/service and init/child.NAME. */
#ifndef RECORDS_CHILD_H
#define RECORDS_CHILD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/appliance.h"
#include "fields.h"

enum { CHILDREN_MAX = 24 }; /* that have records: init starts no more */

/* clang-format off */
#define CHILD_PHASES(X) \
	X(PHASE_STARTING, "starting", "") \
	X(PHASE_RUNNING, "running", "") \
	X(PHASE_HUNG, "hung", " (it runs and does not answer)") \
	X(PHASE_WAITING, "waiting", " (for its next start)") \
	X(PHASE_STOPPING, "stopping", "") \
	X(PHASE_STOPPED, "stopped", "") \
	X(PHASE_EMPTY, "empty", " (there is no service in the image)")

/* Of a port; PORT_UNTOLD, which has no word: the service reports its ports itself, and init does not look. */
#define PORT_STATES(X) \
	X(PORT_STARTING, "starting", "") \
	X(PORT_LISTENING, "listening", "") \
	X(PORT_LOOPBACK, "loopback", "") \
	X(PORT_MISSING, "missing", "") \
	X(PORT_LOST, "lost", "")

/* Of a service that has a check; HEALTH_UNTOLD, which has no word: it has none. */
#define HEALTHS(X) \
	X(HEALTH_STARTING, "starting", "") \
	X(HEALTH_HEALTHY, "healthy", "") \
	X(HEALTH_UNHEALTHY, "unhealthy", "")
/* clang-format on */

enum health { HEALTHS(WORD_ID) HEALTH_UNTOLD, HEALTH_COUNT };
extern const char *const health_words[HEALTH_COUNT];

enum port_state { PORT_STATES(WORD_ID) PORT_UNTOLD, PORT_STATE_COUNT };
extern const char *const port_state_words[PORT_STATE_COUNT];

enum child_phase { PHASE_UNKNOWN, CHILD_PHASES(WORD_ID) };
enum { PHASE_COUNT = PHASE_EMPTY + 1 };
extern const char *const child_phase_words[PHASE_COUNT];

/* clang-format off */
#define CHILD_KEYS(TEXT, NUMBER, LIST, KEY) \
	TEXT(name, 40, 0, "name of the child") \
	TEXT(state, 24, 1, WORDS(CHILD_PHASES)) \
	NUMBER(pid, -1, 1, "while it runs") \
	NUMBER(since_ms, -1, 1, "when it came into this state") \
	NUMBER(silent_since_ms, -1, 1, "when hung: the last time that it answered") \
	NUMBER(next_start_ms, -1, 1, "when waiting: the time of the next start") \
	NUMBER(starts, 0, 0, "how often it was started") \
	NUMBER(restarts, 0, 1, "`starts` less one, never below 0") \
	TEXT(last_exit, 96, 1, \
		"in words: `exit status 3`, `killed by SIGKILL`, `cannot start: /bin/service: " \
		"No such file or directory`, `killed by SIGKILL at 51 MiB: out of memory, or by" \
		" hand`") \
	NUMBER(last_exit_ms, -1, 1, "when that was") \
	TEXT(user, 32, 0, "the user it runs as") \
	NUMBER(memory_limit_bytes, -1, 0, "its limit of memory; the service has none") \
	NUMBER(processes_limit, -1, 0, "its limit of processes") \
	TEXT(health, 16, 1, "a service that has a health check, while it runs: " WORDS(HEALTHS)) \
	NUMBER(health_since_ms, -1, 1, "when that began") \
	LIST(port, "service only, one line per port: `1688/tcp`") \
	LIST(port_state, \
		"while it runs: whether the service listens on port N: " WORDS(PORT_STATES) \
		" ([monitoring](monitoring.md)). Left out for a service that " \
		"writes `service/relay`: it says so there")

#define CHILD_METRICS(X) \
	X(restarts, COUNTER, "program_restarts_total", "How often it was restarted.")
/* clang-format on */

struct child_told RECORD_TOLD(CHILD_KEYS);

struct child_record {
	enum record_status status;
	RECORD_MEMBERS(CHILD_KEYS)
	enum child_phase phase; /* as `state` says */
	char ports[64];
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
void child_record_write(struct record *r, const struct child_told *told);
extern const struct record_field child_fields[];

void ports_record_read(struct ports_record *s, const struct record_view *v, enum record_status status);

/* Neither failing nor freshly restarted: nothing an admin needs to see. */
bool child_well(const struct child_record *c, int64_t now_ms);

/* Whether it is known that clients cannot reach the service by it. */
bool port_flawed(const struct port_record *p);

#endif
