/* The tty: raw mode, its size, output that never blocks. */
#ifndef CONSOLE_TERMINAL_H
#define CONSOLE_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

#include "common/text.h"
#include "paint.h"

struct terminal {
	int fd; /* read and written; the caller's */
	struct termios saved;
	struct text out; /* a frame, the part before `sent` is with the kernel */
	size_t sent;
	int64_t blocked_since_ms; /* -1: nothing waits */
	char data[PAINT_BYTES_MAX];
};

/* Puts FD in raw mode, without flow control or signals by keys, non-blocking, and makes it the
 * controlling terminal when that can be had: SIGWINCH needs it. 0, or -1 with errno. */
int terminal_open(struct terminal *t, int fd);

/* False when the tty does not know: a serial line. */
bool terminal_size(const struct terminal *t, int *columns, int *rows);

/* Writes what it can of `out`. Returns how much still waits, 0 when the frame is out (`out` is then
 * empty), -1 with errno when the terminal is gone; by ENOMEM only the frame is. */
int terminal_flush(struct terminal *t, int64_t now_ms);

/* Puts the tty back as it was and drops what waits. */
void terminal_close(struct terminal *t);

#endif
