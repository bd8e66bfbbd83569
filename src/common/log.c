#include "common/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/text.h"

enum {
	LINE_BYTES_MAX = 512,
	PATIENCE_MS = 200, /* with a pipe that is full; the log needs much less to empty it */
};

static const char *program = "thimble";
static int on_terminal = -1;
static bool never_waits;
static unsigned long lost; /* lines, since the last that got through */

void log_open(const char *name)
{
	program = name;
	on_terminal = isatty(STDERR_FILENO);
	/* There may be others: a child that reads what strangers send and, in a container, each program. */
	prctl(PR_SET_DUMPABLE, 0);
}

void log_never_wait(void)
{
	never_waits = true;
}

/* False when the pipe is full and nobody reads it. */
static bool send_line(const char *line, size_t length)
{
	struct pollfd output = {.fd = STDERR_FILENO, .events = POLLOUT};
	ssize_t sent;
	while ((sent = write(STDERR_FILENO, line, length)) < 0 && errno == EINTR)
		;
	if (sent >= 0 || errno != EAGAIN)
		return true;
	if (never_waits || lost > 0 || poll(&output, 1, PATIENCE_MS) <= 0)
		return false;
	return write(STDERR_FILENO, line, length) >= 0 || errno != EAGAIN;
}

/* A log that hangs must not stop whoever writes to it: lines that find no room are counted. */
static void send_or_count(const char *line, size_t length)
{
	char words[64];
	struct text t = TEXT(words);
	if (lost > 0) {
		text_add(&t, "<%d>%lu line%s lost: nobody read them\n", (int)LOG_LEVEL_WARN, lost,
			lost == 1 ? "" : "s");
		if (!send_line(words, t.used)) {
			lost++;
			return;
		}
		lost = 0;
	}
	lost += !send_line(line, length);
}

/* One write, so that lines of several processes on one pipe do not mix (PIPE_BUF, POSIX write()). */
static void write_line(enum log_level level, const char *message, int error)
{
	char line[LINE_BYTES_MAX + 8];
	struct text t = {.data = line, .size = LINE_BYTES_MAX};
	int saved_errno = errno;

	if (on_terminal < 0)
		log_open(program);
	text_clear(&t);
	if (on_terminal)
		text_add(&t, "%s: ", program);
	else
		text_add(&t, "<%d>", (int)level);
	text_add_escaped(&t, message, strlen(message));
	if (error != 0)
		text_add(&t, ": %s", strerror(error));
	if (t.overflow) {
		memcpy(line + t.used, "...", 3);
		t.used += 3;
	}
	line[t.used++] = '\n';
	send_or_count(line, t.used);
	errno = saved_errno;
}

static void format_line(enum log_level level, int error, const char *format, va_list arguments)
{
	char message[LINE_BYTES_MAX];
	vsnprintf(message, sizeof(message), format, arguments);
	write_line(level, message, error);
}

void log_line(enum log_level level, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	format_line(level, 0, format, arguments);
	va_end(arguments);
}

void log_warn(const char *format, ...)
{
	int error = errno;
	va_list arguments;
	va_start(arguments, format);
	format_line(LOG_LEVEL_WARN, error, format, arguments);
	va_end(arguments);
	errno = error;
}

noreturn void fatal(const char *format, ...)
{
	int error = errno;
	va_list arguments;
	va_start(arguments, format);
	format_line(LOG_LEVEL_ERROR, error, format, arguments);
	va_end(arguments);
	exit(EXIT_SYSTEM);
}
