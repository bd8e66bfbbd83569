/* Status records: files of "key=value" lines under /run/thimble/WRITER/NAME, written whole to NAME.new
 * and renamed. docs/records.md lists them all. */
#ifndef THIMBLE_RECORD_H
#define THIMBLE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#include "text.h"

enum {
	RECORD_BYTES_MAX = 32768, /* a larger file is refused by readers, and never written */
	RECORD_NAME_MAX = 64,
};

/* /run/thimble, or $THIMBLE_RUN where programs run by hand or in a test. */
const char *run_dir(void);

/* Makes run_dir()/WRITER (mode 0755) unless it is there. 0, or -1 with errno. init does this for its
 * children; a program run by hand does it itself. */
int record_make_folder(const char *writer);

/* A record being written. Begin, add, commit; nothing to free. */
struct record {
	struct text text;
	char data[RECORD_BYTES_MAX];
};

void record_begin(struct record *r);

/* Adds KEY=value; the value is escaped (text_add_escaped). What does not fit is left out whole and
 * makes record_commit say so in the log. */
void record_add(struct record *r, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same for an item of a list: KEY.NUMBER=value. */
void record_add_item(struct record *r, const char *key, unsigned number, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Writes WRITER/NAME. 0, or -1 with errno (EFBIG: lines were left out; the rest is written). */
int record_commit(struct record *r, const char *writer, const char *name);

/* Writes the file WRITER/NAME, which is no record, as records are written. 0, or -1 with errno. */
int record_write_file(const char *writer, const char *name, const struct iovec *pieces, size_t count);

/* Opens WRITER/NAME for reading: a descriptor that does not block, or -1 with errno. */
int record_open(const char *writer, const char *name);

/* Removes WRITER/NAME; not being there is no error. */
int record_remove(const char *writer, const char *name);

/* A record that was read: keys and values as NUL-terminated strings within `data`. */
struct record_view {
	size_t bytes;
	char data[RECORD_BYTES_MAX + 2]; /* one byte too many is seen */
};

/* Reads WRITER/NAME. 0, or -1 with errno: ENOENT none, EBADMSG torn or not of the form, EFBIG. On -1
 * the view is empty. */
int record_read(struct record_view *v, const char *writer, const char *name);

/* The same from LENGTH bytes in memory. */
int record_parse(struct record_view *v, const char *bytes, size_t length);

/* The value of KEY, or NULL. Points into V. */
const char *record_get(const struct record_view *v, const char *key);

/* KEY.INDEX, INDEX from 1: for lists. */
const char *record_get_item(const struct record_view *v, const char *key, unsigned index);

/* The value of KEY as a number, or FALLBACK when it is not there or no number. */
long long record_get_number(const struct record_view *v, const char *key, long long fallback);

/* Walks all pairs in order: *AT starts at 0. False at the end. */
bool record_next(const struct record_view *v, size_t *at, const char **key, const char **value);

/* Names of WRITER's records, sorted, into NAMES (at most MAX). Returns how many there are, which may be
 * more than MAX; 0 when the folder is not there. Names that are too long or end in ".new" or ".conf", and
 * log/lines, are left out. */
size_t record_list(const char *writer, char names[][RECORD_NAME_MAX], size_t max);

#endif
