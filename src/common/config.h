/* Settings: ONE table of keys, from which the parser, the errors and the documentation come. Later
 * sources win; a bad line is refused by itself and the rest holds. Of a setting that guards (status-port,
 * status-allow, relay.allow, relay.guard), a bad line lets nobody in until a later one is good. */
#ifndef THIMBLE_CONFIG_H
#define THIMBLE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config_check.h"
#include "config_variables.h"
#include "record.h"
#include "text.h"

enum {
	CONFIG_BYTES_MAX = 16384, /* all values and origins together, each with its NUL */
};

struct config {
	struct {
		uint16_t value, origin; /* where they begin in `bytes` */
		unsigned source;        /* the number of the one that set it; 0: the default */
	} entry[CONFIG_KEY_COUNT];
	char bytes[CONFIG_BYTES_MAX];
	size_t used;      /* of them; what was set anew since they were last packed still lies between */
	unsigned source;  /* the number of the one that is read now */
	unsigned refused; /* how many lines were refused */
	bool hides;       /* a secret was read: what is refused behind it may be of it */
	struct config_variables variables;
};

/* All defaults, origin "default". */
void config_init(struct config *c);

/* What is set from now on comes from another source than what was set before: a key that may stand in several
 * lines
 * (`ip`) gets a new list. The functions below that read a whole source do this themselves. */
void config_next_source(struct config *c);

/* All settings that guard get their strictest value: what ORIGIN had may have been one of them. */
void config_close(struct config *c, const char *origin);

/* Takes over from READ the settings that guard and have their strictest value. */
void config_take_closed(struct config *c, const struct config *read);

/* Sets KEY (KEY_LENGTH bytes) to VALUE (VALUE_LENGTH bytes) when both are good. Otherwise nothing changes but
 * `refused` and, when KEY guards, its value, and ERROR gets one line: what was read, where it came from, what
 * is allowed. */
bool config_set(struct config *c, const char *key, size_t key_length, const char *value, size_t value_length,
	const char *origin, struct text *error);

/* REPORT is called with each error line. */
typedef void config_report(const char *error);

/* One line "key = value", a comment or a blank one; ORIGIN is what an error names. */
void config_read_line(
	struct config *c, const char *line, size_t length, const char *origin, config_report *report);

/* Lines "key = value", "#" comments, blank lines. ORIGIN is what errors name; the line number is added. */
void config_read_text(
	struct config *c, const char *bytes, size_t length, const char *origin, config_report *report);

/* "thimble.key=value" among the words of a kernel command line; "value with blanks" in double quotes as
 * in Linux' lib/cmdline.c next_arg(). Other words are left alone. */
void config_read_command_line(struct config *c, const char *bytes, size_t length, config_report *report);

/* Points into C: good until something is set. */
const char *config_get(const struct config *c, enum config_key key);

/* Where it came from, for people: "default", "baked in, line 3". Good as long as config_get()'s. */
const char *config_origin(const struct config *c, enum config_key key);

/* Of a key whose type is a number: its value (validated when it was set). */
uint64_t config_number(const struct config *c, enum config_key key);

/* The I-th variable that the settings give the service, "NAME=VALUE"; NULL behind the last. Each NAME is
 * there once. *SECRET, unless SECRET is NULL: it must not be shown or logged. Good until something is set. */
const char *config_variable(const struct config *c, unsigned i, bool *secret);

/* Whether all values are the same. */
bool config_same(const struct config *a, const struct config *b);

/* Writes the record init/config: key=value, and origin.key=where from; of a secret that it is set, of a long
 * variable the beginning. 0, or -1 with errno. */
int config_save(const struct config *c);

/* Reads what init wrote, but for the service's variables; with no record to read, the defaults hold and
 * nobody may come. 0; or -1 with errno when it could not be read now, and may be later. For init's children.
 */
int config_load(struct config *c);

/* The value of KEY alone, for a program that has no use for a struct config (40 KB); reads into ROOM, and the
 * value is there. NULL: there is no record, or no good value in it; with errno not 0 it could not be read
 * now, and may be later. */
const char *config_load_one(enum config_key key, struct record_view *room);

#endif
