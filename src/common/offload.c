#include "common/offload.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PARENT_FD = 3 }; /* in the child */

static _Noreturn void run_child(int fd, offload_work *work, const void *argument)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if ((fd != PARENT_FD && dup2(fd, PARENT_FD) < 0) ||
		syscall(SYS_close_range, PARENT_FD + 1, ~0U, 0) < 0)
		_exit(1);
	work(PARENT_FD, argument);
	_exit(0);
}

static void handle_answer(struct loop *loop, struct loop_fd *watch, uint32_t events)
{
	struct offload *o = container_of(watch, struct offload, watch);
	(void)loop, (void)events;
	ssize_t got = recv(watch->fd, o->buffer, o->size, MSG_DONTWAIT | MSG_TRUNC);
	offload_stop(o);
	o->answered(o, got > 0 && (size_t)got <= o->size ? (size_t)got : 0);
}

static void handle_deadline(struct loop *loop, struct loop_timer *timer)
{
	struct offload *o = container_of(timer, struct offload, deadline);
	(void)loop;
	offload_stop(o);
	o->answered(o, 0);
}

void offload_init(struct offload *o, struct loop *loop, void (*answered)(struct offload *, size_t length))
{
	*o = (struct offload){.loop = loop,
		.watch = {.fd = -1, .handle = handle_answer},
		.deadline.handle = handle_deadline,
		.answered = answered};
}

int offload_start(struct offload *o, offload_work *work, const void *argument, void *buffer, size_t size,
	int64_t timeout_ms)
{
	int fds[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	o->pid = fork();
	if (o->pid == 0)
		run_child(fds[1], work, argument);
	int error = errno;
	close(fds[1]);
	o->watch.fd = fds[0];
	o->buffer = buffer;
	o->size = size;
	if (o->pid > 0 && loop_add(o->loop, &o->watch, EPOLLIN) == 0) {
		loop_arm(o->loop, &o->deadline, now_ms() + timeout_ms);
		return 0;
	}
	error = o->pid > 0 ? errno : error;
	if (o->pid < 0) {
		o->pid = 0;
		loop_close(o->loop, &o->watch);
	}
	offload_stop(o);
	errno = error;
	return -1;
}

void offload_stop(struct offload *o)
{
	if (o->pid == 0)
		return;
	loop_disarm(o->loop, &o->deadline);
	/* Another child may hold the descriptor too until it has closed what it inherited: closing ours alone
	 * would not end the watch. */
	loop_remove(o->loop, &o->watch);
	loop_close(o->loop, &o->watch);
	kill(o->pid, SIGKILL);
	while (waitpid(o->pid, &o->status, 0) < 0 && errno == EINTR)
		;
	o->pid = 0;
}
