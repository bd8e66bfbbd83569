#include "screen.h"

#include <errno.h>
#include <unistd.h>

#include "common/log.h"
#include "screen_keys.h"

enum {
	COLUMNS_DEFAULT = 80,
	ROWS_DEFAULT = 24,
	TICK_MS = 1000,
	DRAW_GAP_MS = 100,  /* between drawings that records ask for */
	REPAINT_MS = 10000, /* repairs a terminal that was attached late or overwritten */
	STALL_MS = 1000,    /* a line that hung this long may have lost bytes */
};

static void find_size(const struct screen *s, int *columns, int *rows)
{
	*columns = s->answered_columns > 0 ? s->answered_columns : COLUMNS_DEFAULT;
	*rows = s->answered_rows > 0 ? s->answered_rows : ROWS_DEFAULT;
	terminal_size(&s->terminal, columns, rows);
}

static void terminal_gone(struct screen *s)
{
	log_warn("the terminal is gone");
	loop_stop(&s->loop);
}

static void flush(struct screen *s)
{
	int64_t now = now_ms(), blocked_since_ms = s->terminal.blocked_since_ms;
	int waiting = terminal_flush(&s->terminal, now);
	if (waiting < 0 && errno != ENOMEM) {
		terminal_gone(s);
		return;
	}
	/* The kernel had no memory to take the frame (tty_write()): the next one draws everything. */
	if (waiting < 0)
		s->repaint = s->clear = true;
	if (waiting == 0 && blocked_since_ms >= 0 && now - blocked_since_ms >= STALL_MS)
		s->repaint = s->clear = s->stale = true;
	loop_change(&s->loop, &s->tty, waiting > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

/* Brings the terminal up to date, or marks that to be done once it takes bytes again. */
static void draw(struct screen *s)
{
	struct text *out = &s->terminal.out;
	int columns, rows;
	if (out->used > 0) {
		s->stale = true;
		return;
	}
	int64_t now = now_ms();
	find_size(s, &columns, &rows);
	grid_reset(&s->next, columns, rows);
	if (s->next.columns != s->paint.shown.columns || s->next.rows != s->paint.shown.rows)
		s->repaint = s->clear = true;
	if (now - s->painted_ms >= REPAINT_MS)
		s->repaint = s->ask_size = true;
	if (s->repaint) {
		paint_begin(&s->paint, out, columns, rows, s->clear);
		if (s->ask_size && !terminal_size(&s->terminal, &columns, &rows))
			paint_ask_size(out);
		s->repaint = s->clear = s->ask_size = false;
		s->painted_ms = now;
	}
	s->request.now_ms = now;
	s->request.prompt = screen_notice(s, now);
	layout_draw(&s->next, &s->state, &s->request, &s->result);
	s->stale = !paint_update(&s->paint, out, &s->next);
	s->drawn_ms = now;
	flush(s);
}

/* Draws again after each frame until the terminal shows the newest state or blocks. */
static void draw_all(struct screen *s)
{
	do
		draw(s);
	while (s->stale && s->terminal.out.used == 0 && !s->loop.stopped);
}

static void handle_draw(struct loop *loop, struct loop_timer *t)
{
	(void)loop;
	draw_all(container_of(t, struct screen, draw_timer));
}

static void handle_tick(struct loop *loop, struct loop_timer *t)
{
	struct screen *s = container_of(t, struct screen, tick_timer);
	int64_t now = now_ms();
	draw_all(s);
	int64_t next = t->deadline_ms + TICK_MS;
	loop_arm(loop, t, next > now ? next : now + TICK_MS);
}

static void handle_records(struct watch *w, unsigned folders)
{
	struct screen *s = container_of(w, struct screen, watch);
	state_load(&s->state, folders);
	if (s->draw_timer.previous == NULL)
		loop_arm(&s->loop, &s->draw_timer, s->drawn_ms + DRAW_GAP_MS);
}

static void handle_escape(struct loop *loop, struct loop_timer *t)
{
	struct screen *s = container_of(t, struct screen, escape_timer);
	(void)loop;
	int key = keys_timeout(&s->keys);
	if (key != KEY_NONE)
		screen_handle_key(s, key);
	draw_all(s);
}

static void read_keys(struct screen *s)
{
	unsigned char bytes[256];
	ssize_t length = read(s->tty.fd, bytes, sizeof(bytes));
	if (length == 0)
		errno = EIO; /* hung up */
	if (length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR)) {
		terminal_gone(s);
		return;
	}
	bool any = false;
	for (ssize_t i = 0; i < length; i++) {
		int key = keys_take(&s->keys, bytes[i]);
		if (key != KEY_NONE)
			screen_handle_key(s, key);
		any |= key != KEY_NONE;
	}
	loop_disarm(&s->loop, &s->escape_timer);
	if (keys_pending(&s->keys))
		loop_arm(&s->loop, &s->escape_timer, now_ms() + KEY_ESCAPE_WAIT_MS);
	if (any)
		draw_all(s);
}

static void handle_tty(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	struct screen *s = container_of(w, struct screen, tty);
	(void)loop;
	if (events & EPOLLOUT) {
		flush(s);
		if (s->stale)
			draw_all(s);
	}
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		read_keys(s);
}

static void handle_signal(struct loop *loop, int signal_number)
{
	struct screen *s = container_of(loop, struct screen, loop);
	if (signal_number == SIGWINCH)
		draw_all(s);
	else
		loop_stop(loop);
}

int screen_open(struct screen *s, int fd, bool virtual_terminal, bool readonly)
{
	s->paint.virtual_terminal = virtual_terminal;
	s->request.readonly = readonly;
	s->repaint = s->clear = s->ask_size = true;
	s->tty = (struct loop_fd){.fd = fd, .handle = handle_tty};
	s->tick_timer.handle = handle_tick;
	s->draw_timer.handle = handle_draw;
	s->escape_timer.handle = handle_escape;
	if (terminal_open(&s->terminal, fd) < 0 || loop_init(&s->loop) < 0 ||
		loop_signals(&s->loop, &s->signals, (const int[]){SIGWINCH, SIGTERM, SIGINT, SIGHUP, 0}) <
			0 ||
		loop_add(&s->loop, &s->tty, EPOLLIN) < 0)
		return -1;
	s->signals.handle = handle_signal;
	watch_open(&s->watch, &s->loop, folder_names, FOLDER_COUNT, handle_records);
	watch_read(&s->watch);
	loop_arm(&s->loop, &s->tick_timer, now_ms() + TICK_MS);
	return 0;
}

int screen_run(struct screen *s)
{
	draw_all(s);
	int result = loop_run(&s->loop);
	/* init has just written the reason of the stop. */
	state_load(&s->state, FOLDERS_ALL);
	draw_all(s);
	if (s->terminal.out.used == 0) {
		paint_end(&s->paint, &s->terminal.out);
		terminal_flush(&s->terminal, now_ms());
	}
	terminal_close(&s->terminal);
	return result;
}
