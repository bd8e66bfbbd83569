#include "common/loop.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "common/alive.h"
#include "common/text.h"

static struct alive_page nobody_looks;
static struct alive_page *alive = &nobody_looks;

int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A program alone writes its page, so no locked instruction is needed. */
static void show_turn(void)
{
	uint32_t turns = atomic_load_explicit(&alive->turns, memory_order_relaxed);
	atomic_store_explicit(&alive->turns, turns == UINT32_MAX ? 2 : turns + 1, memory_order_relaxed);
}

/* Begins to show itself in the page of whoever has started this program, if it gave one. */
static void show_begin(void)
{
	const char *number = getenv(ALIVE_VARIABLE);
	uint64_t fd;
	if (number == NULL || !parse_number(number, 0, INT32_MAX, &fd))
		return;
	void *page = mmap(NULL, sizeof(*alive), PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, 0);
	close((int)fd);
	unsetenv(ALIVE_VARIABLE);
	if (page == MAP_FAILED)
		return;
	alive = page;
	show_turn();
}

int loop_init(struct loop *loop)
{
	show_begin();
	*loop = (struct loop){.epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
	loop->turns_end = &loop->turns;
	return loop->epoll_fd < 0 ? -1 : 0;
}

static int control(struct loop *loop, int operation, struct loop_fd *w, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = w};
	return epoll_ctl(loop->epoll_fd, operation, w->fd, &event);
}

int loop_add(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	return control(loop, EPOLL_CTL_ADD, w, events);
}

int loop_change(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	return control(loop, EPOLL_CTL_MOD, w, events);
}

static void drop_events(struct loop *loop, const struct loop_fd *w)
{
	for (int i = loop->batch_at; i < loop->batch_count; i++)
		if (loop->batch[i].data.ptr == w)
			loop->batch[i].data.ptr = NULL;
}

void loop_remove(struct loop *loop, struct loop_fd *w)
{
	int saved_errno = errno;
	if (w->fd >= 0)
		control(loop, EPOLL_CTL_DEL, w, 0);
	drop_events(loop, w);
	errno = saved_errno;
}

void loop_close(struct loop *loop, struct loop_fd *w)
{
	drop_events(loop, w);
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

void loop_disarm(struct loop *loop, struct loop_timer *t)
{
	(void)loop;
	if (t->previous == NULL)
		return;
	*t->previous = t->next;
	if (t->next != NULL)
		t->next->previous = t->previous;
	t->next = NULL;
	t->previous = NULL;
}

void loop_arm(struct loop *loop, struct loop_timer *t, int64_t deadline_ms)
{
	loop_disarm(loop, t);
	struct loop_timer **at = &loop->timers;
	while (*at != NULL && (*at)->deadline_ms <= deadline_ms)
		at = &(*at)->next;
	t->deadline_ms = deadline_ms;
	t->next = *at;
	t->previous = at;
	if (t->next != NULL)
		t->next->previous = &t->next;
	*at = t;
}

void loop_defer(struct loop *loop, struct loop_turn *t)
{
	if (t->previous != NULL)
		return;
	t->next = NULL;
	t->previous = loop->turns_end;
	*loop->turns_end = t;
	loop->turns_end = &t->next;
}

void loop_withdraw(struct loop *loop, struct loop_turn *t)
{
	if (t->previous == NULL)
		return;
	*t->previous = t->next;
	if (t->next != NULL)
		t->next->previous = t->previous;
	else
		loop->turns_end = t->previous;
	t->previous = NULL;
}

static void handle_signal(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	struct loop_signals *s = container_of(w, struct loop_signals, fd);
	struct signalfd_siginfo info;
	(void)events;
	while (read(w->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		s->handle(loop, (int)info.ssi_signo);
}

int loop_signals(struct loop *loop, struct loop_signals *s, const int *numbers)
{
	sigset_t set;
	if (numbers == NULL)
		sigfillset(&set);
	else
		sigemptyset(&set);
	for (; numbers != NULL && *numbers != 0; numbers++)
		sigaddset(&set, *numbers);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -1;
	s->fd.handle = handle_signal;
	s->fd.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (s->fd.fd >= 0 && loop_add(loop, &s->fd, EPOLLIN) == 0)
		return 0;
	int error = errno;
	loop_close(loop, &s->fd);
	errno = error;
	return -1;
}

static void run_timers(struct loop *loop)
{
	int64_t now = now_ms();
	while (loop->timers != NULL && loop->timers->deadline_ms <= now && !loop->stopped) {
		struct loop_timer *t = loop->timers;
		loop_disarm(loop, t);
		t->handle(loop, t);
	}
}

/* Those that wait now; a turn that is put off again waits for the next round. */
static void run_turns(struct loop *loop)
{
	struct loop_turn end = {0};
	if (loop->turns == NULL)
		return;
	loop_defer(loop, &end);
	while (loop->turns != &end && !loop->stopped) {
		struct loop_turn *t = loop->turns;
		loop_withdraw(loop, t);
		t->handle(loop, t);
	}
	loop_withdraw(loop, &end);
}

/* Milliseconds to wait: until the next deadline, at most LIMIT_MS (-1: no limit). */
static int wait_time(const struct loop *loop, int limit_ms)
{
	if (loop->turns != NULL)
		return 0;
	if (loop->timers == NULL)
		return limit_ms;
	int64_t wait = loop->timers->deadline_ms - now_ms();
	if (wait < 0)
		wait = 0;
	if (limit_ms >= 0 && wait > limit_ms)
		wait = limit_ms;
	return wait > 3600000 ? 3600000 : (int)wait;
}

int loop_once(struct loop *loop, int timeout_ms)
{
	int wait_ms = wait_time(loop, timeout_ms);
	show_turn();
	int count = epoll_wait(loop->epoll_fd, loop->batch, LOOP_BATCH, wait_ms);
	show_turn();
	if (count < 0 && errno != EINTR)
		return -1;
	loop->batch_count = count < 0 ? 0 : count;
	for (loop->batch_at = 0; loop->batch_at < loop->batch_count && !loop->stopped;) {
		struct epoll_event *event = &loop->batch[loop->batch_at++];
		struct loop_fd *w = event->data.ptr;
		if (w != NULL)
			w->handle(loop, w, event->events);
	}
	loop->batch_at = loop->batch_count = 0;
	run_turns(loop);
	if (!loop->stopped)
		run_timers(loop);
	return 0;
}

int loop_run(struct loop *loop)
{
	while (!loop->stopped)
		if (loop_once(loop, -1) < 0)
			return -1;
	return 0;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}

void loop_free(struct loop *loop)
{
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
	loop->epoll_fd = -1;
}
