/* What is good for each setting, and the table that says so. */
#ifndef THIMBLE_CONFIG_CHECK_H
#define THIMBLE_CONFIG_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config_keys.h"
#include "uuid.h"

#define CONFIG_ID(id, ...) CONFIG_##id,
enum config_key { CONFIG_KEYS(CONFIG_ID) CONFIG_KEY_COUNT };
enum config_family { CONFIG_FAMILIES(CONFIG_ID) CONFIG_FAMILY_COUNT };

enum {
	CONFIG_VALUE_MAX =
		4096, /* with its NUL: as long as one that tools/thimble-config can put into an image */
	CONFIG_ARGUMENTS_MAX = CONFIG_VALUE_MAX / 2 + 1, /* words of a value, and the NULL behind them */
	CONFIG_ORIGIN_MAX = 64,
	CONFIG_NAME_MAX = 64, /* bytes of a NAME */
	CONFIG_VARIABLES_MAX = 64,
	CONFIG_VARIABLES_BYTES_MAX = 16384, /* all "NAME=VALUE" together, each with its NUL */
};

struct config_definition {
	const char *name;
	const char *default_value; /* "" for none */
	/* NULL when VALUE is good; else why it is not, "" when `allowed` says it all. */
	const char *(*check)(const struct config_definition *, const char *value);
	uint64_t min, max;
	const char *const *words;
	const char *allowed;
	const char *help; /* NULL unless built with THIMBLE_CONFIG_HELP */
};

extern const struct config_definition config_definitions[CONFIG_KEY_COUNT];
extern const struct config_definition config_families[CONFIG_FAMILY_COUNT];

/* The bytes of a family's name before NAME. */
size_t config_family_prefix(enum config_family family);

/* Whether LENGTH bytes can be the name of a variable. */
bool config_is_variable(const char *name, size_t length);

/* relay.guard: "off", "none", or "dcerpc:UUID[,UUID]". Reads the UUIDs into LIST (at most MAX; NULL: only
 * checks) and returns how many; 0 for off and none, -1 when VALUE is nothing of these. */
int config_guard(const char *value, struct uuid *list, size_t max);

/* Splits a comma-separated list: *AT starts as the value; true while there is an item, its bytes in
 * *ITEM and *LENGTH with blanks around it taken off. */
bool config_next_item(const char **at, const char **item, size_t *length);

#endif
