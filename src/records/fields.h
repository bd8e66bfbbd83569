/* What records hold, taken out of them: bounded, and as hostile as its writer. */
#ifndef RECORDS_FIELDS_H
#define RECORDS_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/record.h"

#define FOREVER INT64_MAX

enum record_status { RECORD_MISSING, RECORD_UNREADABLE, RECORD_READ };

/* From what record_read returned, and errno. */
enum record_status record_status_of(int result, int error);

/* The keys of a record are a list of TEXT(KEY, SIZE, HELP), NUMBER(KEY, ABSENT, HELP) and KEY("KEY", HELP),
 * in the order of the record. A TEXT is an array of SIZE bytes in its struct, a NUMBER a long long, ABSENT
 * when the record has none; a KEY is read by hand, or by nobody. docs/records.md is made of the same lists
 * (tools/records-help.c). */
#define RECORD_MEMBERS(keys)             keys(RECORD_TEXT, RECORD_NUMBER, RECORD_KEY)
#define RECORD_TEXT(key, size, help)     char key[size];
#define RECORD_NUMBER(key, absent, help) long long key;
#define RECORD_KEY(key, help)

/* The same as a table of what is to be read; RECORD is the struct. */
#define RECORD_FIELDS(keys)                                                                                  \
	{                                                                                                    \
		keys(RECORD_TEXT_FIELD, RECORD_NUMBER_FIELD, RECORD_KEY)                                     \
	}
#define RECORD_TEXT_FIELD(key, size, help)     {#key, offsetof(RECORD, key), sizeof(((RECORD *)0)->key), 0},
#define RECORD_NUMBER_FIELD(key, absent, help) {#key, offsetof(RECORD, key), 0, (absent)},

struct record_field {
	const char *key;
	uint16_t offset, size; /* 0: a number */
	int8_t absent;
};

/* Empties all SIZE bytes of *RECORD, whose first member is its status, and reads FIELDS of V into it when
 * STATUS is RECORD_READ. Returns whether it is. */
bool record_read_fields(void *record, size_t size, const struct record_field *fields, size_t count,
	const struct record_view *v, enum record_status status);

#define READ_FIELDS(record, v, status)                                                                       \
	record_read_fields(                                                                                  \
		(record), sizeof(*(record)), fields, sizeof(fields) / sizeof(fields[0]), (v), (status))

/* Copies SOURCE (NULL: nothing) into an array, ending in "..." when it does not fit. */
void copy_text(char *target, size_t size, const char *source);

/* Takes the next blank-separated word off *AT, the same way. */
void take_word(const char **at, char *target, size_t size);

/* The next word as a time in ms; FOREVER when it is none. */
int64_t take_time(const char **at);

#define COPY(array, source) copy_text((array), sizeof(array), (source))
#define TAKE(at, array)     take_word((at), (array), sizeof(array))

#endif
