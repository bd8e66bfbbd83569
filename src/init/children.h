/* The children that init supervises: a table of what they are, and one state machine each. */
#ifndef THIMBLE_CHILDREN_H
#define THIMBLE_CHILDREN_H

#include "common/appliance.h"
#include "common/config.h"
#include "common/loop.h"
#include "liveness.h"
#include "programs.h"
#include "records/child.h"

enum child_state {
	CHILD_STOPPED,  /* not running, and nothing will start it */
	CHILD_STARTING, /* forked, not yet executing its program */
	CHILD_RUNNING,
	CHILD_STOPPING, /* asked to end by SIGTERM, killed at the deadline */
	CHILD_CLEARING, /* ended; what its user left running is being killed, for CHILD_CLEAR_MS at most */
	CHILD_WAITING,  /* for its next start */
	CHILD_STATE_COUNT
};

struct child {
	struct program program; /* its row, and what this child has of its own in it */
	enum child_state state;
	pid_t pid; /* of the program, or of the process that kills its leftovers */
	bool restart_at_once;
	bool held; /* not to be started, and without a record: by a setting, or what it needs is not there */
	bool unwritten; /* its record is older than its state: there was no room */
	struct liveness life;
	char why_ended[96]; /* by init, for last_exit; "" when init did not */
	bool killed_by_init;
	int64_t since_ms, next_start_ms;
	int64_t backoff_ms;
	unsigned long starts;
	int64_t last_exit_ms;
	char last_exit[160];
	enum health health; /* of a service that is checked */
	int64_t health_since_ms;
	bool ended; /* its box has said how: */
	int end_status;
	long end_peak_kb;
	int output_read,
		output_write; /* a pipe; init keeps both ends, so no line is lost when the log restarts */
	struct loop_fd
		report; /* struct report; the other end closes when the program executes, but for a box */
	struct loop_timer timer;
};

enum { CHILD_STOP_MS = 1500, CHILD_CLEAR_MS = 3000 };

struct children {
	struct loop *loop;
	const struct appliance *appliance;
	const struct box *box;       /* of the service, or NULL */
	const struct config *config; /* whose settings the service gets */
	struct child child[CHILDREN_MAX];
	size_t count;
	bool service_checked;                  /* by a setting */
	enum port_state port_state[PORTS_MAX]; /* of the appliance's ports, since the service's last start */
	int64_t ports_looked_ms;
	int own_output[2];                         /* init's own lines */
	int log_socket;                            /* for syslog() of the service, or -1 */
	bool shutting_down;                        /* nothing is started any more */
	void (*handle_stopped)(struct children *); /* a child has stopped during the shutdown */
};

/* 0, or -1 with errno. After it init's own log lines go to the log like a child's. */
int children_init(struct children *c, struct loop *loop, const struct appliance *appliance);

/* Adds one child, CHILD_STOPPED. NULL when the table is full or there is no pipe for it (logged). */
struct child *children_add(struct children *c, const struct program *program);

/* Starts a stopped or waiting child now, unless it is held. */
void child_start(struct children *c, struct child *child);

/* Ends it, SIGKILL after CHILD_STOP_MS, and starts it again at once when RESTART. */
void child_stop(struct children *c, struct child *child, bool restart);

/* The same by another signal than SIGTERM, for programs that end differently by it. */
void child_stop_by(struct children *c, struct child *child, bool restart, int signal_number);

struct child *children_find(struct children *c, const char *name);

/* Collects whoever has ended: for SIGCHLD. */
void children_reap(struct children *c);

/* Ends those that hang; they start anew. To be called once a second. */
void children_look(struct children *c);

/* SIGTERM to every child that still runs. */
void children_stop(struct children *c);

bool child_runs(const struct child *child);

bool children_running(const struct children *c);

/* Writes the child's record anew. */
void child_write_record(const struct children *c, struct child *child);

/* Writes init/service of an image that has no service. */
void child_write_empty(void);

#endif
