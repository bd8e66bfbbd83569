/* The facts of an appliance's image. */
#ifndef THIMBLE_APPLIANCE_H
#define THIMBLE_APPLIANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PORTS_MAX = 16, PROCESSES_MAX = 4096 };

/* What this image is: /etc/thimble/appliance, written by the build. */
struct appliance {
	char name[64];
	char version[32];
	char arch[16];
	char service[64];
	char helper[32];       /* the program beside the service: /bin/NAME, run as user NAME; "" for none */
	char service_sees[64]; /* what the service sees of the guest where it has no box (init's programs.h)
				*/
	bool debug;
	char ports[PORTS_MAX][16]; /* "1688/tcp" */
	size_t port_count;
	uint64_t capabilities; /* of the service, mask of 1 << CAP_* */
	uint64_t processes_limit;
};

/* Reads the facts of PATH into A. A bad one is logged and replaced by its default. */
void appliance_read(struct appliance *a, const char *path);

/* Takes one fact; other keys are passed over. A bad value is logged, and what was there stays. */
void appliance_set(struct appliance *a, const char *key, const char *value);

#endif
