/* What records hold, taken out of them: bounded, and as hostile as its writer. */
#ifndef RECORDS_FIELDS_H
#define RECORDS_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#include "common/record.h"

#define FOREVER INT64_MAX

enum record_status { RECORD_MISSING, RECORD_UNREADABLE, RECORD_READ };

/* From what record_read returned, and errno. */
enum record_status record_status_of(int result, int error);

/* Copies SOURCE (NULL: nothing) into an array, ending in "..." when it does not fit. */
void copy_text(char *target, size_t size, const char *source);

/* Takes the next blank-separated word off *AT, the same way. */
void take_word(const char **at, char *target, size_t size);

/* The next word as a time in ms; FOREVER when it is none. */
int64_t take_time(const char **at);

#define COPY(array, source) copy_text((array), sizeof(array), (source))
#define TAKE(at, array)     take_word((at), (array), sizeof(array))

#endif
