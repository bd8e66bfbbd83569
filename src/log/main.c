/* The log: reads every child's output and the kernel's warnings, keeps the last lines, shows them in the file
 * log/lines and the record log/tail, and sends them to a syslog collector. Arguments: NAME:DESCRIPTOR for
 * each source; "kernel" is /dev/kmsg, "syslog:NAME:DESCRIPTOR" the socket that NAME has as /dev/log.
 * docs/logs.md. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "common/loop.h"
#include "datagram.h"
#include "records/pace.h"
#include "records/watch.h"
#include "report.h"
#include "settings.h"
#include "source.h"

enum {
	SOURCES_MAX = 32,
	LIMIT_TELL_MS = 5000, /* between two lines about what limits dropped */
	KERNEL_BATCH = 64,    /* of its records at once */
	DATAGRAM_BATCH = 10,  /* as many as wait in a socket (net.unix.max_dgram_qlen) */
	END_MS = 100,         /* after SIGTERM: others' last lines are read and sent */
};

struct source {
	struct loop_fd fd;
	char name[LOG_NAME_MAX + 1];
	struct limit own_limit, *limit; /* sources of the same name share the first one's */
	struct partial partial;
};

static struct ring ring;
static struct source sources[SOURCES_MAX];
static struct sender sender;
static struct watch watch;
static bool lines_changed = true;
static struct pace pace;
static struct loop_timer limit_timer, end_timer;
static struct loop_signals signals;

/* pace.c says what fails, once: each line about it is a change. */
static int write_records(struct pace *p)
{
	struct report_limited limited[SOURCES_MAX];
	size_t count = 0;
	(void)p;
	for (size_t i = 0; i < SOURCES_MAX; i++)
		if (sources[i].own_limit.left_out > 0)
			limited[count++] =
				(struct report_limited){sources[i].name, sources[i].own_limit.left_out};
	if (lines_changed && report_lines(&ring) < 0)
		return -1;
	lines_changed = false;
	return report_state(&ring, &sender, limited, count);
}

static void handle_sender(struct sender *s)
{
	(void)s;
	pace_changed(&pace);
}

static void read_settings(void)
{
	struct wanted wanted;
	if (settings_read(&wanted))
		sender_set(&sender, &wanted);
	sender_retry(&sender);
}

static void handle_watch(struct watch *w, unsigned places)
{
	(void)w, (void)places;
	read_settings();
}

/* One line per source that exceeded its limit, however many lines were dropped. */
static void tell_limits(struct loop *loop, struct loop_timer *timer)
{
	(void)loop, (void)timer;
	for (size_t i = 0; i < SOURCES_MAX; i++) {
		struct limit *l = &sources[i].own_limit;
		if (l->untold > 0)
			log_warnx("%s: %llu lines left out: more than %d at once or %d a second",
				sources[i].name, (unsigned long long)l->untold, LIMIT_BURST,
				LIMIT_PER_SECOND);
		l->untold = 0;
	}
}

static void add_line(struct loop *loop, struct source *source, int64_t time_ms, unsigned level,
	const char *text, size_t length)
{
	pace_changed(&pace);
	if (!limit_take(source->limit, now_ms())) {
		if (limit_timer.previous == NULL)
			loop_arm(loop, &limit_timer, now_ms() + LIMIT_TELL_MS);
		return;
	}
	ring_add(&ring, time_ms, level, source->name, text, length);
	lines_changed = true;
	sender_wake(&sender);
}

struct context {
	struct loop *loop;
	struct source *source;
};

static void add_child_line(void *pointer, unsigned level, const char *text, size_t length)
{
	const struct context *context = pointer;
	add_line(context->loop, context->source, now_ms(), level, text, length);
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
	struct source *source = container_of(w, struct source, fd);
	char bytes[2048];
	const char *text;
	size_t length;
	unsigned level;
	int64_t time_ms;
	(void)events;
	for (int i = 0; i < KERNEL_BATCH; i++) {
		ssize_t got = read(w->fd, bytes, sizeof(bytes));
		if (got < 0 && errno == EPIPE) /* the kernel overwrote some before they were read */
			continue;
		if (got <= 0)
			break;
		if (kmsg_parse(bytes, (size_t)got, &level, &time_ms, &text, &length) &&
			level <= LOG_LEVEL_WARN)
			add_line(loop, source, time_ms, level, text, length);
	}
}

/* A sender waits until its datagram has room, as for a pipe. */
static void handle_datagrams(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	struct source *source = container_of(w, struct source, fd);
	struct context context = {loop, source};
	static char bytes[DATAGRAM_BYTES_MAX];
	(void)events;
	for (int i = 0; i < DATAGRAM_BATCH; i++) {
		ssize_t got = recv(w->fd, bytes, sizeof(bytes), MSG_TRUNC);
		if (got < 0)
			break;
		if ((size_t)got > sizeof(bytes)) {
			memcpy(bytes + sizeof(bytes) - 3, "...", 3);
			got = sizeof(bytes);
		}
		datagram_take(bytes, (size_t)got, add_child_line, &context);
	}
}

static bool is_name(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (bytes[i] <= ' ' || bytes[i] > '~')
			return false;
	return length > 0 && length <= LOG_NAME_MAX;
}

/* The limit of the source of the same name that was opened before, or its own. */
static struct limit *limit_of(struct source *source)
{
	for (struct source *other = sources; other < source; other++)
		if (strcmp(other->name, source->name) == 0)
			return &other->own_limit;
	return &source->own_limit;
}

static void open_source(struct loop *loop, struct source *source, const char *argument)
{
	static const char datagrams[] = "syslog:";
	bool sends = strncmp(argument, datagrams, sizeof(datagrams) - 1) == 0 &&
		     strchr(argument + sizeof(datagrams) - 1, ':') != NULL;
	const char *name = sends ? argument + sizeof(datagrams) - 1 : argument;
	const char *colon = strrchr(name, ':');
	uint64_t fd;
	if (colon == NULL || !is_name(name, (size_t)(colon - name)) ||
		!parse_number(colon + 1, 0, 1 << 20, &fd)) {
		log_warnx("\"%s\": not [syslog:]NAME:DESCRIPTOR, a name of at most %d bytes without blanks",
			argument, LOG_NAME_MAX);
		return;
	}
	memcpy(source->name, name, (size_t)(colon - name));
	source->limit = limit_of(source);
	source->fd.fd = (int)fd;
	source->fd.handle = sends                                 ? handle_datagrams
			    : strcmp(source->name, "kernel") == 0 ? handle_kernel
								  : handle_output;
	if (fcntl(source->fd.fd, F_SETFL, O_NONBLOCK) < 0 || loop_add(loop, &source->fd, EPOLLIN) < 0)
		fatal("%s", argument); /* a source that nobody reads would stop its writer one day */
}

static void handle_signal(struct loop *loop, int number)
{
	(void)number;
	if (end_timer.previous == NULL)
		loop_arm(loop, &end_timer, now_ms() + END_MS);
}

static void handle_end(struct loop *loop, struct loop_timer *timer)
{
	(void)timer;
	pace_write(&pace);
	loop_stop(loop);
}

static void open_all(struct loop *loop)
{
	signals.handle = handle_signal;
	limit_timer.handle = tell_limits;
	end_timer.handle = handle_end;
	if (loop_init(loop) < 0 || loop_signals(loop, &signals, (const int[]){SIGTERM, SIGINT, 0}) < 0)
		fatal("event loop");
	/* It reads its own lines: one too many must not stop it. */
	fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK);
	log_never_wait();
	if (record_make_folder("log") < 0)
		log_warn("record folder");
	pace_init(&pace, loop, "log/state", write_records);
	sender_init(&sender, loop, &ring, handle_sender);
}

int main(int argc, char **argv)
{
	/* The setting; DHCP's log servers, and a network that changes. */
	static const char *const places[] = {"init/config", "net"};
	struct loop loop;
	log_open("log");
	open_all(&loop);
	if (argc - 1 > SOURCES_MAX)
		log_warnx("%d sources, only the first %d are read", argc - 1, SOURCES_MAX);
	for (int i = 1; i < argc && i <= SOURCES_MAX; i++)
		open_source(&loop, &sources[i - 1], argv[i]);
	watch_open(&watch, &loop, places, 2, handle_watch);
	watch_read(&watch);
	pace_write(&pace);
	if (loop_run(&loop) < 0)
		fatal("event loop");
	sender_free(&sender);
	loop_free(&loop);
	return 0;
}
