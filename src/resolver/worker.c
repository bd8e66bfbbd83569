#include "worker.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "lookup.h"

/* The child fills it, the parent receives into it. */
static struct packet packet;
static int parent_fd; /* in the child */

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

static void work(int fd, const void *question)
{
	const struct itimerval limit = {
		.it_value = {.tv_sec = WORKER_SEND_MS / 1000, .tv_usec = WORKER_SEND_MS % 1000 * 1000}};
	parent_fd = fd;
	memset(&packet, 0, offsetof(struct packet, target));
	packet.status = ANSWER_SILENT;
	if (signal(SIGALRM, handle_alarm) == SIG_ERR || setitimer(ITIMER_REAL, &limit, NULL) < 0)
		_exit(1);
	lookup(&packet, question);
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
