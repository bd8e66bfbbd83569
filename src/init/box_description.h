/* What a service with a root of its own is: /etc/thimble/service, lines key=value (docs/init.md). */
#ifndef THIMBLE_INIT_BOX_DESCRIPTION_H
#define THIMBLE_INIT_BOX_DESCRIPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "calls/calls.h"
#include "common/appliance.h"

enum {
	BOX_BYTES_MAX = 65536,
	BOX_WORDS_MAX = 2048, /* of the command, of the environment */
	BOX_PLACES_MAX = 32,
	BOX_GROUPS_MAX = 64,
	BOX_IDS = 65536,      /* of the service's users and groups */
	BOX_FIRST_ID = 65536, /* what its user 0 is to the guest */
};

enum box_users { USERS_NAMESPACE, USERS_ONE, USERS_COUNT };
enum box_health_kind { BOX_HEALTH_NONE, BOX_HEALTH_TCP, BOX_HEALTH_HTTP, BOX_HEALTH_EXEC };

/* A writable place. Ids as the service counts them. */
struct box_place {
	const char *path;
	uint64_t bytes;
	uint32_t uid, gid;
	uint32_t mode;
};

struct box_words {
	const char *word[BOX_WORDS_MAX + 1]; /* ends with NULL */
	size_t count;
};

struct box_health {
	enum box_health_kind kind;
	unsigned port;
	const char *path; /* of a request by HTTP */
	struct box_words command;
	uint64_t interval_ms, timeout_ms, retries, start_ms;
};

/* Strings point into `text`. */
struct box_description {
	const char *root; /* NULL: there is no box */
	const char *file, *workdir;
	enum box_users users;
	uint64_t uid, gid;
	uint32_t groups[BOX_GROUPS_MAX];
	size_t group_count;
	struct box_words command, environment;
	uint64_t stop_signal, root_bytes, sys, memfd; /* memfd: memory files may be executed */
	struct box_place places[BOX_PLACES_MAX];
	size_t place_count;
	struct box_health health;
	bool narrow; /* it may make the calls of `calls` alone, of those that any service may make */
	struct calls calls;
	char text[BOX_BYTES_MAX + 2]; /* one byte too many is seen */
};

/* Reads PATH: what it says of the appliance goes into A, the rest into B. A missing file is no error: B->root
 * is NULL then. Bad lines are logged and left out. */
void box_description_read(struct box_description *b, struct appliance *a, const char *path);

/* The same of B->text, LENGTH bytes. */
void box_description_parse(struct box_description *b, struct appliance *a, size_t length);

/* The guest's number of the service's user or group ID. */
static inline uint32_t box_id(const struct box_description *b, uint64_t id)
{
	return (uint32_t)(b->users == USERS_NAMESPACE ? BOX_FIRST_ID + id : id);
}

#endif
