/* What the settings give the service's environment: service.env.NAME, and service.secret.NAME, whose values
 * are never shown. */
#ifndef THIMBLE_CONFIG_VARIABLES_H
#define THIMBLE_CONFIG_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>

#include "config_check.h"

struct config_variables {
	struct {
		enum config_family family;
		char origin[CONFIG_ORIGIN_MAX];
	} entry[CONFIG_VARIABLES_MAX];
	unsigned count;
	size_t used;
	char bytes[CONFIG_VARIABLES_BYTES_MAX]; /* "NAME=VALUE" of each entry in turn, with its NUL */
};

/* Sets NAME (NAME_LENGTH bytes) to VALUE, whichever family it was of before. NULL, or why there is no room.
 */
const char *config_variables_set(struct config_variables *v, enum config_family family, const char *name,
	size_t name_length, const char *value, const char *origin);

/* "NAME=VALUE" of the I-th entry, or NULL. */
const char *config_variables_get(const struct config_variables *v, unsigned i);

/* Whether the service gets the same by both. */
bool config_variables_same(const struct config_variables *a, const struct config_variables *b);

#endif
