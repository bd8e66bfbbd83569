#include "worker.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "lookup.h"

/* The child fills it, the parent receives into it. */
static struct packet packet;
static int parent_fd;      /* in the child */
static int64_t send_at_ms; /* there as well */

static _Noreturn void send_packet(void)
{
	send(parent_fd, &packet, packet_bytes(&packet), MSG_NOSIGNAL);
	_exit(0);
}

static void handle_alarm(int number)
{
	(void)number;
	send_packet();
}

static int send_in(int64_t ms)
{
	const struct itimerval limit = {.it_value = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000}};
	return setitimer(ITIMER_REAL, &limit, NULL);
}

/* What is known will do: not every server answers a question for IPv6, and that takes musl's whole time. */
static void handle_half_done(void)
{
	int64_t left_ms = send_at_ms - now_ms();
	if (left_ms > WORKER_IPV6_MS)
		send_in(WORKER_IPV6_MS);
}

static void work(int fd, const void *question)
{
	parent_fd = fd;
	send_at_ms = now_ms() + WORKER_SEND_MS;
	memset(&packet, 0, offsetof(struct packet, target));
	packet.status = ANSWER_SILENT;
	if (signal(SIGALRM, handle_alarm) == SIG_ERR || send_in(WORKER_SEND_MS) < 0)
		_exit(1);
	lookup(&packet, question, handle_half_done);
	send_packet();
}

static void handle_packet(struct offload *child, size_t length)
{
	struct worker *w = container_of(child, struct worker, child);
	bool good = length > 0 && packet_is_good(&packet, length, w->name_count);
	w->answered(w, good ? &packet : NULL);
}

void worker_init(
	struct worker *w, struct loop *loop, void (*answered)(struct worker *, const struct packet *))
{
	*w = (struct worker){.answered = answered};
	offload_init(&w->child, loop, handle_packet);
}

int worker_start(struct worker *w, const struct question *q)
{
	w->name_count = q->name_count;
	return offload_start(&w->child, work, q, &packet, sizeof(packet), WORKER_TIMEOUT_MS);
}

void worker_stop(struct worker *w)
{
	offload_stop(&w->child);
}
