/* The root of a service, apart from the guest's: what PID 1 makes of it once at boot, and keeps up to date.
 * docs/init.md, "The box". */
#ifndef THIMBLE_INIT_BOX_H
#define THIMBLE_INIT_BOX_H

#include "box_description.h"

enum { BOX_PATH_MAX = 128 };

struct box {
	struct box_description description;
	int users;             /* descriptor of the user namespace; -1: none */
	int users_error;       /* why there is none, errno */
	int log_socket;        /* what the service sends to syslog(); -1: none */
	uint64_t shared_bytes; /* of /dev/shm */
};

/* The file NAME of the folder of what the box has of the guest, or the socket "../service-log". */
void box_path(char path[static BOX_PATH_MAX], const char *name);

/* The file system of place NUMBER: run_dir()-places/NUMBER. */
void box_place_path(char path[static BOX_PATH_MAX], size_t number, const char *below);

/* Makes all of the box that outlives a start, to be called before the guest's root becomes read-only.
 * AVAILABLE_BYTES: the memory that is free. PROCESSES_LIMIT is of all its users together, in whose place the
 * user NAME counts. Failures are logged; what cannot be without is reported by each start. */
void box_prepare(struct box *b, uint64_t available_bytes, uint64_t processes_limit, const char *name);

/* Writes the guest's resolv.conf, hosts and host name into the box where they have changed: once a second. */
void box_follow(void);

#endif
