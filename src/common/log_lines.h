/* The log's last lines, the file log/lines: "TIME_MS LEVEL NAME TEXT\n" each, the oldest first, printable
 * ASCII only. docs/records.md. */
#ifndef THIMBLE_LOG_LINES_H
#define THIMBLE_LOG_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LOG_LINES_NAME "lines"

enum {
	LOG_LINES_BYTES_MAX = 65536,
	LOG_NAME_MAX = 31,
	LOG_TEXT_MAX = 1024,
	LOG_LINE_BYTES_MAX = 19 + 1 + 1 + 1 + LOG_NAME_MAX + 1 + LOG_TEXT_MAX + 1,
};

/* One line; name and text point into its bytes and have no NUL. */
struct log_entry {
	int64_t time_ms; /* CLOCK_MONOTONIC */
	unsigned level;  /* syslog severity, 0 to 7 */
	const char *name, *text;
	size_t name_bytes, text_bytes;
};

/* Reads the newest lines that fit into SIZE bytes, whole ones only; LOG_LINES_BYTES_MAX holds all that there
 * can be. How many bytes, every line of them of the form; -1 with errno: ENOENT none, EBADMSG torn or not of
 * the form, EFBIG. */
ssize_t log_lines_read(char *bytes, size_t size);

/* The form of LENGTH bytes in memory. */
bool log_lines_valid(const char *bytes, size_t length);

/* Takes the line at *AT out of LENGTH bytes and moves *AT behind it. False at the end, and when what is there
 * is no such line. */
bool log_lines_next(const char *bytes, size_t length, size_t *at, struct log_entry *e);

/* The same backwards: the line that ends at *AT, which moves to where it begins. */
bool log_lines_previous(const char *bytes, size_t *at, struct log_entry *e);

/* Where the newest COUNT lines of LENGTH bytes begin; 0 when there are no more than that. */
size_t log_lines_newest(const char *bytes, size_t length, unsigned count);

#endif
