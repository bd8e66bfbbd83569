#include "worker.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lookup.h"

enum { PARENT_FD = 3 }; /* in the child */

/* The child fills it, the parent receives into it. */
static struct packet packet;

static _Noreturn void send_packet(void)
{
	send(PARENT_FD, &packet, packet_bytes(&packet), MSG_NOSIGNAL);
	_exit(0);
}

static void handle_alarm(int number)
{
	(void)number;
	send_packet();
}

static _Noreturn void run_child(int fd, const struct question *q)
{
	const struct itimerval limit = {
		.it_value = {.tv_sec = WORKER_SEND_MS / 1000, .tv_usec = WORKER_SEND_MS % 1000 * 1000}};
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if ((fd != PARENT_FD && dup2(fd, PARENT_FD) < 0) ||
		syscall(SYS_close_range, PARENT_FD + 1, ~0U, 0) < 0)
		_exit(1);
	memset(&packet, 0, offsetof(struct packet, target));
	packet.status = ANSWER_SILENT;
	if (signal(SIGALRM, handle_alarm) == SIG_ERR || setitimer(ITIMER_REAL, &limit, NULL) < 0)
		_exit(1);
	lookup(&packet, q);
	send_packet();
}

static void handle_packet(struct loop *loop, struct loop_fd *watch, uint32_t events)
{
	struct worker *w = container_of(watch, struct worker, watch);
	(void)loop, (void)events;
	ssize_t got = recv(watch->fd, &packet, sizeof(packet), MSG_DONTWAIT | MSG_TRUNC);
	worker_stop(w);
	bool good = got > 0 && (size_t)got <= sizeof(packet) &&
		    packet_is_good(&packet, (size_t)got, w->name_count);
	w->answered(w, good ? &packet : NULL);
}

static void handle_deadline(struct loop *loop, struct loop_timer *timer)
{
	struct worker *w = container_of(timer, struct worker, deadline);
	(void)loop;
	worker_stop(w);
	w->answered(w, NULL);
}

void worker_init(
	struct worker *w, struct loop *loop, void (*answered)(struct worker *, const struct packet *))
{
	*w = (struct worker){.loop = loop,
		.watch = {.fd = -1, .handle = handle_packet},
		.deadline.handle = handle_deadline,
		.answered = answered};
}

int worker_start(struct worker *w, const struct question *q)
{
	int fds[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	w->pid = fork();
	if (w->pid == 0)
		run_child(fds[1], q);
	int error = errno;
	close(fds[1]);
	w->watch.fd = fds[0];
	w->name_count = q->name_count;
	if (w->pid > 0 && loop_add(w->loop, &w->watch, EPOLLIN) == 0) {
		loop_arm(w->loop, &w->deadline, now_ms() + WORKER_TIMEOUT_MS);
		return 0;
	}
	error = w->pid > 0 ? errno : error;
	if (w->pid < 0) {
		w->pid = 0;
		loop_close(w->loop, &w->watch);
	}
	worker_stop(w);
	errno = error;
	return -1;
}

void worker_stop(struct worker *w)
{
	if (w->pid == 0)
		return;
	loop_disarm(w->loop, &w->deadline);
	/* Another child may hold the descriptor too until it has closed what it inherited: closing ours alone
	 * would not end the watch. */
	loop_remove(w->loop, &w->watch);
	loop_close(w->loop, &w->watch);
	kill(w->pid, SIGKILL);
	while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
		;
	w->pid = 0;
}
