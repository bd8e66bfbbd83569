/* Bounded copies of what records say. */
#ifndef STATUS_MODEL_TEXT_H
#define STATUS_MODEL_TEXT_H

#include <stddef.h>

/* Copies SOURCE (NULL: nothing) into an array, ending in "..." when it does not fit. */
void copy_text(char *target, size_t size, const char *source);

/* Takes the next blank-separated word off *AT, the same way. */
void take_word(const char **at, char *target, size_t size);

#define COPY(array, source) copy_text((array), sizeof(array), (source))
#define TAKE(at, array)     take_word((at), (array), sizeof(array))

#endif
