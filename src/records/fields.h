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

/* record_read, as that. */
enum record_status record_load(struct record_view *v, const char *writer, const char *name);

/* The keys of a record are a list of rows, in the order of the record:
 *   TEXT(KEY, SIZE, SHOWN, HELP)      its reader has an array of SIZE bytes, its writer a string
 *   NUMBER(KEY, ABSENT, SHOWN, HELP)  a long long; its reader has ABSENT when the record has none
 *   LIST(KEY, HELP)                   KEY.1, KEY.2, ...: its writer sets KEY_items, which adds the items
 *   KEY("KEY", HELP)                  whatever else a list's function adds
 * SHOWN: 1 when /status.json has it under the same name, else 0. Reader, writer, /status.json,
 * docs/records.md and docs/status.schema.json are made of the same rows (tools/records-help.c). */

/* The words that a key may have are a list of X(ID, "WORD", " (HELP)"): an enum and a table of it are made of
 * them, and what HELP of the key says by WORDS(list). */
#define WORD_ID(id, word, help)   id,
#define WORD_TEXT(id, word, help) [id] = (word),
#define WORD_HELP(id, word, help) ", `" word "`" help
#define WORDS(list)               "\1" list(WORD_HELP) /* "\1, " is left out by tools/records-help.c */

/* Numbers of a record that /metrics has are a list of X(KEY, TYPE, NAME, HELP), TYPE GAUGE or COUNTER: the
 * metric thimble_NAME (src/web/metric_list.h). */

/* What a reader fills. */
#define RECORD_MEMBERS(keys)                    keys(RECORD_TEXT, RECORD_NUMBER, RECORD_NONE, RECORD_NONE)
#define RECORD_TEXT(key, size, shown, help)     char key[size];
#define RECORD_NUMBER(key, absent, shown, help) long long key;
#define RECORD_NONE(key, help)

/* Adds the items of the list KEY, which FROM has. */
typedef void record_items(struct record *r, const char *key, const void *from);

/* The name of one key or list of RECORD, for who reads it alone: one that has no row does not compile. */
#define KEY_OF(record, key)  (sizeof(((struct record##_told *)0)->key) != 0 ? #key : "")
#define LIST_OF(record, key) (sizeof(((struct record##_told *)0)->key##_items) != 0 ? #key : "")

/* What a writer fills: a text of NULL, a number below 0 and a list of NULL are left out. Lists get FROM. */
#define RECORD_TOLD(keys)                                                                                    \
	{                                                                                                    \
		const void *from;                                                                            \
		keys(RECORD_TEXT_TOLD, RECORD_NUMBER_TOLD, RECORD_LIST_TOLD, RECORD_NONE)                    \
	}
#define RECORD_TEXT_TOLD(key, size, shown, help)     const char *key;
#define RECORD_NUMBER_TOLD(key, absent, shown, help) long long key;
#define RECORD_LIST_TOLD(key, help)                  record_items *key##_items;

/* Both as a table; RECORD is the struct that is read, TOLD the one that is written. */
#define RECORD_TABLE(keys)                                                                                   \
	{                                                                                                    \
		keys(RECORD_TEXT_ROW, RECORD_NUMBER_ROW, RECORD_LIST_ROW, RECORD_NONE)                       \
		{                                                                                            \
			.key = NULL                                                                          \
		}                                                                                            \
	}
#define RECORD_TEXT_ROW(key, size, shown, help)                                                              \
	{#key, offsetof(RECORD, key), sizeof(((RECORD *)0)->key), offsetof(TOLD, key), FIELD_TEXT, 0,        \
		(shown)},
#define RECORD_NUMBER_ROW(key, absent, shown, help)                                                          \
	{#key, offsetof(RECORD, key), 0, offsetof(TOLD, key), FIELD_NUMBER, (absent), (shown)},
#define RECORD_LIST_ROW(key, help) {#key, 0, 0, offsetof(TOLD, key##_items), FIELD_LIST, 0, 0},

enum field_kind { FIELD_TEXT, FIELD_NUMBER, FIELD_LIST };

/* A table ends with a row without a key. */
struct record_field {
	const char *key;
	uint16_t offset, size, told_offset;
	uint8_t kind : 2;
	int8_t absent : 3;
	uint8_t shown : 1;
};

/* Empties all SIZE bytes of *RECORD, whose first member is its status, and reads FIELDS of V into it when
 * STATUS is RECORD_READ. Returns whether it is. */
bool record_read_fields(void *record, size_t size, const struct record_field *fields,
	const struct record_view *v, enum record_status status);

/* Begins R with all that TOLD has. */
void record_write_fields(struct record *r, const void *told, const struct record_field *fields);

/* What there is nothing to tell of, for a writer. */
static inline const char *unless_empty(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

static inline long long unless_zero(long long number)
{
	return number != 0 ? number : -1;
}

/* Copies SOURCE (NULL: nothing) into an array, ending in "..." when it does not fit. */
void copy_text(char *target, size_t size, const char *source);

/* Takes the next blank-separated word off *AT, the same way. */
void take_word(const char **at, char *target, size_t size);

/* The next word as a time in ms; FOREVER when it is none. */
int64_t take_time(const char **at);

#define COPY(array, source) copy_text((array), sizeof(array), (source))
#define TAKE(at, array)     take_word((at), (array), sizeof(array))

#endif
