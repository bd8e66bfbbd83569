/* QEMU and its substitutes: a virtio-serial port (drivers/char/virtio_console.c of Linux). */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "back_end.h"
#include "common/log.h"
#include "device.h"
#include "qga.h"
#include "state.h"

enum { CHUNK_BYTES = 512, REQUESTS_A_TURN = 16 };

static struct {
	struct loop_fd fd;
	struct loop_turn turn; /* there is more to do, after the others */
	struct qga qga;
	struct qga_input input;
	char chunk[CHUNK_BYTES]; /* read, and not yet taken from chunk_at on */
	size_t chunk_at, chunk_used;
	char answer[QGA_ANSWER_MAX]; /* not yet written from answer_at on */
	size_t answer_at, answer_used;
} port;

static bool host_is_there(void)
{
	struct pollfd p = {.fd = port.fd.fd};
	return poll(&p, 1, 0) == 0 || !(p.revents & POLLHUP);
}

/* The next client gets none of the previous client's answers. */
static void forget(void)
{
	static const char sentinel = '\xff';
	qga_take(&port.input, &sentinel, 1);
	port.chunk_at = port.chunk_used = 0;
	port.answer_at = port.answer_used = 0;
	state_set(AGENT_WAITING, NULL);
}

/* The device itself has gone: init starts the agent again with the next one. */
static void give_up(struct loop *loop, const char *what)
{
	log_warn("the port is gone: %s", what);
	state_set(AGENT_FAILED, "the port is gone");
	loop_stop(loop);
}

/* False while the host takes no more, or has closed its end. */
static bool write_answer(struct loop *loop)
{
	while (port.answer_at < port.answer_used) {
		ssize_t n =
			write(port.fd.fd, port.answer + port.answer_at, port.answer_used - port.answer_at);
		if (n > 0) {
			port.answer_at += (size_t)n;
		} else if (n == 0 || errno == EAGAIN || errno == EPIPE) {
			/* A port whose host end is closed accepts nothing, and reports it this way. */
			if (!host_is_there())
				forget();
			return false;
		} else if (errno != EINTR) {
			give_up(loop, "write");
			return false;
		}
	}
	return true;
}

/* False when there is nothing to read. */
static bool read_chunk(struct loop *loop)
{
	ssize_t n = read(port.fd.fd, port.chunk, sizeof(port.chunk));
	port.chunk_at = 0;
	port.chunk_used = n > 0 ? (size_t)n : 0;
	if (n > 0)
		state_set(AGENT_CONNECTED, NULL);
	else if (n == 0)
		forget(); /* the host end is closed; it may be opened again */
	else if (errno != EAGAIN && errno != EINTR)
		give_up(loop, "read");
	return n > 0 || (n < 0 && errno == EINTR);
}

static void answer_request(void)
{
	struct text answer = TEXT(port.answer);
	qga_answer(&port.qga, &port.input, &answer);
	state_count(port.qga.command, port.qga.refused);
	port.answer_at = 0;
	port.answer_used = answer.used;
}

/* Answers go out before the next request is looked at: a host that does not read them is not listened to. */
static void serve(struct loop *loop)
{
	for (int requests = 0; requests < REQUESTS_A_TURN;) {
		if (!write_answer(loop))
			return;
		if (port.chunk_at == port.chunk_used && !read_chunk(loop))
			return;
		port.chunk_at +=
			qga_take(&port.input, port.chunk + port.chunk_at, port.chunk_used - port.chunk_at);
		if (port.input.whole) {
			answer_request();
			requests++;
		}
	}
	loop_defer(loop, &port.turn);
}

static void handle_turn(struct loop *loop, struct loop_turn *turn)
{
	(void)turn;
	serve(loop);
}

static void handle_port(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	(void)w, (void)events;
	serve(loop);
}

/* EPOLLET: while its host end is closed a port is always readable, and hangs up. */
void qemu_start(struct loop *loop, const char *device)
{
	port.fd = (struct loop_fd){.fd = device_open(device), .handle = handle_port};
	port.turn.handle = handle_turn;
	port.qga.facts = &agent_facts;
	if (port.fd.fd < 0)
		fatal("%s", device);
	if (loop_add(loop, &port.fd, EPOLLIN | EPOLLOUT | EPOLLET) < 0)
		fatal("%s: watching it", device);
}
