/* What init supervises: one row for each program (programs.def), and the children that come of them. */
#ifndef THIMBLE_INIT_PROGRAMS_H
#define THIMBLE_INIT_PROGRAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/config.h"

struct box;
struct child;
struct children;

/* Which children come of a row. */
enum program_when {
	ALWAYS,
	ON_EACH_CONSOLE,    /* one for each that the kernel writes to */
	AS_HELPER,          /* in an appliance that names it as its helper */
	ON_DEBUG_TERMINALS, /* with DEBUG=1, on tty2 and hvc1 */
};

/* What a program may use of the kernel. */
enum sandbox {
	SANDBOX_OURS, /* none of what no program of ours needs */
	SANDBOX_OPEN, /* as the kernel has it: for a program that we do not know */
};

/* A row. Strings are kept, not copied. */
struct program {
	const char *name;
	const char *user; /* its own; what it leaves running is found by it. "root": none of its own */
	enum program_when when;
	const char *const *arguments; /* NULL-terminated, [0] is the path; NULL: /bin/NAME alone */
	const char *terminal;         /* its standard input and output, or NULL for /dev/null and the log */
	bool as_root;                 /* starts as root, and becomes its user by itself */
	bool is_service;
	bool own_processes;         /* it sees and signals those that it started, and they end with it */
	bool controls;              /* the terminal: a shell with job control */
	bool reads_outputs;         /* gets every child's output; its arguments are made at each start */
	bool has_records;           /* a folder run_dir()/NAME of its own */
	bool may_control;           /* its requests are heard at the control socket */
	bool held;                  /* not started before somebody lets go of it */
	bool restarted_by_settings; /* after a change of them; others follow them by themselves or not at all
				     */
	int address_change_signal;  /* ends it in place of SIGTERM when the setting `ip` has changed, or 0 */
	enum config_key port_setting; /* the TCP port that it serves, where no service has it; 0 for none */
	uint64_t capabilities;        /* mask of 1 << CAP_*: all that it and its children can ever have */
	uint64_t memory_limit_bytes;  /* RLIMIT_DATA of each process, 0 for none */
	unsigned processes_limit;     /* RLIMIT_NPROC of its user: processes and threads, 0 for none */
	unsigned files_limit;         /* RLIMIT_NOFILE */
	int oom_score_adj;            /* proc(5) */
	int nice;                     /* nice(2): below 0 goes before the others */
	enum sandbox sandbox;
	/* What is in its room (room.h) beside its own folder of records: paths with a blank between, those of
	 * folders with a slash at their end; a word without a slash is a folder of records. */
	const char *sees;   /* read-only; NULL: nothing; "/": it has no room, but the guest's root */
	const char *writes; /* and writes to, as far as its user may */
	const char *device; /* the guest's path of what it knows as ROOM_DEVICE; "": none now; NULL: never */
	/* The list of src/init/calls that holds before it executes; it has to have execve(). NULL: a program
	 * of this tree sets its own first thing (src/multicall), a shell has none. */
	const char *calls;
	const struct box *box; /* it runs in a root of its own, or NULL */
};

#define ROOM_DEVICE "/dev/agent"

extern const struct program programs[];
extern const size_t program_count;

/* The user that PROGRAM starts as. */
static inline const char *program_starts_as(const struct program *program)
{
	return program->as_root ? "root" : program->user;
}

/* The user whose processes are killed when PROGRAM has ended, or NULL: screens share one, a shell has none of
 * its own, and a box ends with its first process. */
static inline const char *program_leftovers(const struct program *program)
{
	return program->terminal != NULL || program->box != NULL ? NULL : program->user;
}

/* Adds the children of all rows in the order of their start, by the image's facts, the settings and the
 * consoles that there are. HOST_NAME is kept: what dhcpcd sends. Returns the service, or NULL. */
struct child *programs_add(struct children *c, const struct config *config, const char *host_name);

/* After a change of the settings, which were BEFORE and are now in the struct that programs_add() got:
 * restarts the children that do not follow them. */
void programs_renew(struct children *c, const struct config *before, const struct config *config);

#endif
