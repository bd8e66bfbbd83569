/* How a process ended, in words. */
#ifndef THIMBLE_EXIT_WORDS_H
#define THIMBLE_EXIT_WORDS_H

#include <stdint.h>

#include "text.h"

/* STATUS of waitpid in words: "exit status 3", "killed by SIGSEGV". */
void text_add_exit(struct text *t, int status);

/* The service NAME has ended by itself, LIVED_MS after its start. Status 0 within the first second is what a
 * daemon does that goes to the background: logs so, and what to do. */
void exit_explain(const char *name, int status, int64_t lived_ms);

#endif
