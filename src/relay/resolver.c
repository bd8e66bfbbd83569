#include "resolver.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void look_up(struct resolver_answer *answer, const char *host, uint16_t port)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
	answer->error = getaddrinfo(host, NULL, &hints, &found);
	if (answer->error != 0)
		return;
	for (struct addrinfo *at = found; at != NULL && answer->count < ADDRESSES_MAX; at = at->ai_next) {
		struct address *a = &answer->addresses[answer->count];
		if ((at->ai_family != AF_INET && at->ai_family != AF_INET6) ||
			at->ai_addrlen > sizeof(a->in6))
			continue;
		memcpy(&a->any, at->ai_addr, at->ai_addrlen);
		a->bytes = at->ai_addrlen;
		if (at->ai_family == AF_INET)
			a->in.sin_port = htons(port);
		else
			a->in6.sin6_port = htons(port);
		answer->count++;
	}
	freeaddrinfo(found);
}

/* A connection that the child held too would stay open, and watched, after the relay has closed it: so the
 * child closes all it inherited before it says, with an empty answer, that it is ready. */
static _Noreturn void run_child(int fd, const char *host, uint16_t port)
{
	struct resolver_answer answer = {0};
	enum { ONLY_FD = 3 };
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if ((fd != ONLY_FD && dup2(fd, ONLY_FD) < 0) || syscall(SYS_close_range, ONLY_FD + 1, ~0U, 0) < 0)
		_exit(1);
	if (send(ONLY_FD, "", 1, MSG_NOSIGNAL) != 1)
		_exit(1);
	look_up(&answer, host, port);
	send(ONLY_FD, &answer, sizeof(answer), MSG_NOSIGNAL);
	_exit(0);
}

static bool answer_is_good(const struct resolver_answer *answer)
{
	if (answer->count > ADDRESSES_MAX)
		return false;
	for (unsigned i = 0; i < answer->count; i++) {
		const struct address *a = &answer->addresses[i];
		bool ipv4 = a->any.sa_family == AF_INET && a->bytes == sizeof(a->in);
		bool ipv6 = a->any.sa_family == AF_INET6 && a->bytes == sizeof(a->in6);
		if (!ipv4 && !ipv6)
			return false;
	}
	return true;
}

/* Not answered in time, or the child died: as no answer from the name servers. */
static const struct resolver_answer no_answer = {.error = EAI_AGAIN};

static void handle_answer(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	struct resolver *r = container_of(w, struct resolver, watch);
	struct resolver_answer answer;
	(void)loop;
	(void)events;
	ssize_t n = recv(w->fd, &answer, sizeof(answer), MSG_DONTWAIT);
	resolver_stop(r);
	r->answered(r, n == (ssize_t)sizeof(answer) && answer_is_good(&answer) ? &answer : &no_answer);
}

static void handle_deadline(struct loop *loop, struct loop_timer *timer)
{
	struct resolver *r = container_of(timer, struct resolver, deadline);
	(void)loop;
	resolver_stop(r);
	r->answered(r, &no_answer);
}

void resolver_init(struct resolver *r, struct loop *loop,
	void (*answered)(struct resolver *, const struct resolver_answer *))
{
	*r = (struct resolver){.loop = loop,
		.watch = {.fd = -1, .handle = handle_answer},
		.deadline.handle = handle_deadline,
		.answered = answered};
}

int resolver_start(struct resolver *r, const char *host, uint16_t port)
{
	int fds[2], error;
	char ready;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	r->pid = fork();
	if (r->pid == 0)
		run_child(fds[1], host, port);
	error = errno;
	close(fds[1]);
	r->watch.fd = fds[0];
	if (r->pid < 0) {
		r->pid = 0;
		loop_close(r->loop, &r->watch);
		errno = error;
		return -1;
	}
	/* A few microseconds, and no longer than the child lives. */
	if (recv(fds[0], &ready, 1, 0) != 1 || loop_add(r->loop, &r->watch, EPOLLIN) < 0) {
		resolver_stop(r);
		errno = ECHILD;
		return -1;
	}
	loop_arm(r->loop, &r->deadline, now_ms() + RESOLVER_TIMEOUT_MS);
	return 0;
}

void resolver_stop(struct resolver *r)
{
	if (r->pid == 0)
		return;
	loop_disarm(r->loop, &r->deadline);
	loop_close(r->loop, &r->watch);
	kill(r->pid, SIGKILL);
	while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
		;
	r->pid = 0;
}
