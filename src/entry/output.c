#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	OUTPUTS_MAX = 3,
	PATIENCE_MS = 100, /* for a reader that is behind; then lines are dropped: no log holds up a stop */
};

static struct output *outputs[OUTPUTS_MAX];
static size_t output_count;
static int error_fd = STDERR_FILENO;
static unsigned long dropped;

static bool is_writable(int wait_ms)
{
	struct pollfd p = {.fd = error_fd, .events = POLLOUT};
	return poll(&p, 1, wait_ms) > 0;
}

static void write_out(const char *name, const char *bytes, size_t length)
{
	char line[OUTPUT_LINE_MAX + 96];
	int head = snprintf(line, sizeof(line) - OUTPUT_LINE_MAX - 1, "%.64s: ", name);
	memcpy(line + head, bytes, length);
	line[(size_t)head + length] = '\n';
	(void)!write(error_fd, line, (size_t)head + length + 1);
}

/* The severity that src/common/log.c puts before a line, "<4>", is not for people. */
static void pass_on(const char *name, const char *bytes, size_t length)
{
	char words[64];
	if (length >= 3 && bytes[0] == '<' && bytes[1] >= '0' && bytes[1] <= '7' && bytes[2] == '>') {
		bytes += 3;
		length -= 3;
	}
	if (!is_writable(dropped > 0 ? 0 : PATIENCE_MS)) {
		dropped++;
		return;
	}
	if (dropped > 0) {
		int count = snprintf(words, sizeof(words), "%lu lines dropped: nobody read them", dropped);
		dropped = 0;
		write_out("entry", words, (size_t)count);
	}
	write_out(name, bytes, length);
}

static void end_line(struct output *o)
{
	if (o->used > 0)
		pass_on(o->name, o->line, o->used);
	o->used = 0;
}

void output_add(struct output *o, const char *bytes, size_t length)
{
	while (length > 0) {
		const char *end = memchr(bytes, '\n', length);
		size_t piece = end == NULL ? length : (size_t)(end - bytes);
		size_t room = sizeof(o->line) - o->used;
		size_t taken = piece < room ? piece : room;
		memcpy(o->line + o->used, bytes, taken);
		o->used += taken;
		if (taken == piece && end != NULL) {
			end_line(o);
			taken++;
		} else if (o->used == sizeof(o->line)) {
			end_line(o);
		}
		bytes += taken;
		length -= taken;
	}
}

/* False when nothing waits. */
static bool read_some(struct output *o)
{
	char bytes[4096];
	ssize_t got = read(o->watch.fd, bytes, sizeof(bytes));
	if (got > 0)
		output_add(o, bytes, (size_t)got);
	return got > 0;
}

/* One read for each event: a child that writes without end does not keep signals from being handled. */
static void handle_output(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	(void)loop, (void)events;
	read_some(container_of(w, struct output, watch));
}

int output_open(struct output *o, struct loop *loop, const char *name)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	*o = (struct output){
		.watch = {.fd = ends[0], .handle = handle_output}, .write_fd = ends[1], .name = name};
	if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0 || loop_add(loop, &o->watch, EPOLLIN) < 0)
		return -1;
	outputs[output_count++] = o;
	return 0;
}

int output_take_own(struct output *o, struct loop *loop, const char *name)
{
	int before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (before < 0 || output_open(o, loop, name) < 0)
		return -1;
	/* Its reader is this program itself: a full pipe must not block it. */
	if (fcntl(o->write_fd, F_SETFL, O_NONBLOCK) < 0 || dup2(o->write_fd, STDERR_FILENO) < 0)
		return -1;
	error_fd = before;
	return 0;
}

void outputs_flush(void)
{
	/* Bounded: what is left of a child may still write. */
	enum { READS_MAX = 64 };
	for (size_t i = 0; i < output_count; i++) {
		for (int reads = 0; reads < READS_MAX && read_some(outputs[i]); reads++)
			;
		end_line(outputs[i]);
	}
}
