/* The actions of keys. Those that stop something ask first: on a serial line a broken escape sequence can
 * look like any letter, but hardly like "r" or "p" and then "y". */
#ifndef CONSOLE_SCREEN_KEYS_H
#define CONSOLE_SCREEN_KEYS_H

#include "screen.h"

/* What KEY does. */
void screen_handle_key(struct screen *s, int key);

/* The line in place of the keys, or NULL; forgets it when its time is over. */
const char *screen_notice(struct screen *s, int64_t now_ms);

#endif
