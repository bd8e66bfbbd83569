/* One console: records in, keys in, bytes out. */
#ifndef CONSOLE_SCREEN_H
#define CONSOLE_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/control.h"
#include "common/loop.h"
#include "keys.h"
#include "layout.h"
#include "records/watch.h"
#include "status/load.h"
#include "paint.h"
#include "terminal.h"

enum question { QUESTION_NONE, QUESTION_RESTART, QUESTION_POWEROFF, QUESTION_COUNT };

enum { PROMPT_BYTES_MAX = 160 };

struct screen {
	struct loop loop;
	struct loop_signals signals;
	struct loop_fd tty;
	struct loop_timer tick_timer, draw_timer, escape_timer;
	struct terminal terminal;
	struct watch watch;
	struct key_parser keys;
	struct paint paint;
	struct grid next;
	struct status state;

	struct layout_request request;
	struct layout_result result; /* of the last drawing */
	enum question question;
	char notice[PROMPT_BYTES_MAX +
		    CONTROL_MESSAGE_MAX]; /* an answer; with the question, the prompt's text */
	int64_t notice_until_ms;

	int answered_columns, answered_rows; /* by the terminal itself; 0: not yet */
	int64_t drawn_ms, painted_ms;        /* last drawing, last whole painting */
	bool repaint, clear, ask_size;       /* for the next drawing */
	bool stale;                          /* a drawing waits until the last one is out */
};

/* Takes over the tty FD. S comes all zero. VIRTUAL_TERMINAL: the Linux console rather than a line. 0, or -1
 * with errno. */
int screen_open(struct screen *s, int fd, bool virtual_terminal, bool readonly);

/* Runs until SIGTERM or until the terminal is gone. 0, or -1 with errno. */
int screen_run(struct screen *s);

#endif
