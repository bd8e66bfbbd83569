/* The log: reads every child's output and the kernel's warnings, keeps the last lines, shows them in the
 * file log/lines and the record log/tail. Arguments: NAME:DESCRIPTOR for each source; "kernel" is /dev/kmsg.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/loop.h"
#include "common/record.h"
#include "report.h"
#include "source.h"

enum {
	SOURCES_MAX = 32,
	RECORD_INTERVAL_MS = 200, /* the record is written at most so often */
};

struct source {
	struct loop_fd fd;
	char name[LOG_NAME_MAX + 1];
	struct partial partial;
};

static struct ring ring;
static struct source sources[SOURCES_MAX];
static int64_t record_written_ms = -RECORD_INTERVAL_MS;
static struct loop_timer record_timer;

static void write_record(struct loop *loop, struct loop_timer *timer)
{
	(void)loop, (void)timer;
	record_written_ms = now_ms();
	report_lines(&ring);
}

static void add_line(
	struct loop *loop, int64_t time_ms, unsigned level, const char *name, const char *text, size_t length)
{
	ring_add(&ring, time_ms, level, name, text, length);
	if (record_timer.previous == NULL)
		loop_arm(loop, &record_timer, record_written_ms + RECORD_INTERVAL_MS);
}

struct context {
	struct loop *loop;
	struct source *source;
};

static void add_child_line(void *pointer, unsigned level, const char *text, size_t length)
{
	const struct context *context = pointer;
	add_line(context->loop, now_ms(), level, context->source->name, text, length);
}

/* One read for each event: a child that writes without end does not keep the others from being read. */
static void handle_output(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	struct source *source = container_of(w, struct source, fd);
	struct context context = {loop, source};
	char bytes[4096];
	(void)events;
	ssize_t got = read(w->fd, bytes, sizeof(bytes));
	if (got > 0)
		partial_take(&source->partial, bytes, (size_t)got, add_child_line, &context);
	else if (got == 0 || (errno != EAGAIN && errno != EINTR))
		loop_remove(loop, w);
}

static void handle_kernel(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	const struct source *source = container_of(w, struct source, fd);
	char bytes[2048];
	const char *text;
	size_t length;
	unsigned level;
	int64_t time_ms;
	(void)events;
	for (;;) {
		ssize_t got = read(w->fd, bytes, sizeof(bytes));
		if (got < 0 && errno == EPIPE) /* the kernel overwrote some before they were read */
			continue;
		if (got <= 0)
			break;
		if (kmsg_parse(bytes, (size_t)got, &level, &time_ms, &text, &length) &&
			level <= LOG_LEVEL_WARN)
			add_line(loop, time_ms, level, source->name, text, length);
	}
}

static bool is_name(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (bytes[i] <= ' ' || bytes[i] > '~')
			return false;
	return length > 0 && length <= LOG_NAME_MAX;
}

static void add_source(struct loop *loop, struct source *source, const char *argument)
{
	const char *colon = strrchr(argument, ':');
	uint64_t fd;
	if (colon == NULL || !is_name(argument, (size_t)(colon - argument)) ||
		!parse_number(colon + 1, 0, 1 << 20, &fd)) {
		log_warnx("\"%s\": not NAME:DESCRIPTOR, a name of at most %d bytes without blanks", argument,
			LOG_NAME_MAX);
		return;
	}
	memcpy(source->name, argument, (size_t)(colon - argument));
	source->fd.fd = (int)fd;
	source->fd.handle = strcmp(source->name, "kernel") == 0 ? handle_kernel : handle_output;
	if (fcntl(source->fd.fd, F_SETFL, O_NONBLOCK) < 0 || loop_add(loop, &source->fd, EPOLLIN) < 0)
		log_warn("%s", argument);
}

int main(int argc, char **argv)
{
	struct loop loop;
	log_open("log");
	record_timer.handle = write_record;
	if (loop_init(&loop) < 0)
		fatal("event loop");
	if (record_make_folder("log") < 0)
		log_warn("record folder");
	if (argc - 1 > SOURCES_MAX)
		log_warnx("%d sources, only the first %d are read", argc - 1, SOURCES_MAX);
	for (int i = 1; i < argc && i <= SOURCES_MAX; i++)
		add_source(&loop, &sources[i - 1], argv[i]);
	write_record(&loop, &record_timer);
	if (loop_run(&loop) < 0)
		fatal("event loop");
	return 0;
}
