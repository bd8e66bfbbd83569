#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

int terminal_open(struct terminal *t, int fd)
{
	t->fd = fd;
	t->out = (struct text)TEXT(t->data);
	text_clear(&t->out);
	t->sent = 0;
	t->blocked_since_ms = -1;
	if (tcgetattr(fd, &t->saved) < 0)
		return -1;

	struct termios raw = t->saved;
	raw.c_iflag = IGNBRK; /* no IXON: a stray Ctrl-S must not stop the screen */
	raw.c_oflag = 0;
	raw.c_lflag = 0;
	raw.c_cflag = (raw.c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8 | CREAD | CLOCAL;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(fd, TCSANOW, &raw) < 0)
		return -1;
	setsid();
	ioctl(fd, TIOCSCTTY, 0);
	int flags = fcntl(fd, F_GETFL);
	return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

bool terminal_size(const struct terminal *t, int *columns, int *rows)
{
	struct winsize size;
	if (ioctl(t->fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0 || size.ws_row == 0)
		return false;
	*columns = size.ws_col;
	*rows = size.ws_row;
	return true;
}

int terminal_flush(struct terminal *t, int64_t now_ms)
{
	while (t->sent < t->out.used) {
		ssize_t written = write(t->fd, t->data + t->sent, t->out.used - t->sent);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0 && errno == ENOMEM) {
			text_clear(&t->out);
			t->sent = 0;
		}
		if (written < 0 && errno != EAGAIN)
			return -1;
		if (written <= 0) {
			if (t->blocked_since_ms < 0)
				t->blocked_since_ms = now_ms;
			return (int)(t->out.used - t->sent);
		}
		t->sent += (size_t)written;
	}
	text_clear(&t->out);
	t->sent = 0;
	t->blocked_since_ms = -1;
	return 0;
}

void terminal_close(struct terminal *t)
{
	if (t->blocked_since_ms >= 0)
		tcflush(t->fd, TCOFLUSH); /* else the last close waits for a line that hangs */
	tcsetattr(t->fd, TCSANOW, &t->saved);
}
