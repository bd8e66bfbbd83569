#include "box_health.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/exit_words.h"
#include "common/log.h"

/* A service that starts is asked more often, as by Docker's start-interval. */
enum { START_INTERVAL_MS = 5000 };

static bool still_starts(const struct health_check *h)
{
	return h->state == HEALTH_STARTING && now_ms() - h->began_ms < (int64_t)h->spec->start_ms;
}

static void arm(struct health_check *h)
{
	uint64_t wait_ms = h->spec->interval_ms;
	if (still_starts(h) && wait_ms > START_INTERVAL_MS)
		wait_ms = START_INTERVAL_MS;
	loop_arm(h->loop, &h->timer, now_ms() + (int64_t)wait_ms);
}

static void set_health_state(struct health_check *h, enum health state)
{
	if (h->state == state)
		return;
	h->state = state;
	if (state == HEALTH_UNHEALTHY)
		log_warnx("%s: unhealthy: %s", h->name, h->line[0] != '\0' ? h->line : "its check fails");
	else if (state == HEALTH_HEALTHY)
		log_info("%s: healthy", h->name);
	h->tell(state);
}

/* Keeps the last line that is not empty. */
static void keep_line(struct health_check *h, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == '\n' || bytes[i] == '\r') {
			h->line_ended = h->line_bytes > 0;
			continue;
		}
		if (h->line_ended)
			h->line_bytes = 0;
		h->line_ended = false;
		if (h->line_bytes < sizeof(h->line) - 1)
			h->line[h->line_bytes++] = bytes[i];
		h->line[h->line_bytes] = '\0';
	}
}

/* At most a pipe's fill in one go: who writes without end is read again in the next round. */
static void handle_output(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	struct health_check *h = container_of(w, struct health_check, output);
	char bytes[512];
	ssize_t got = 1;
	(void)events;
	for (int i = 0; i < 128 && (got = read(w->fd, bytes, sizeof(bytes))) > 0; i++)
		keep_line(h, bytes, (size_t)got);
	if (got == 0)
		loop_remove(loop, w);
}

static void start(struct health_check *h)
{
	int ends[2];
	h->overdue = h->line_ended = false;
	h->line_bytes = 0;
	h->line[0] = '\0';
	if (pipe2(ends, O_CLOEXEC) < 0) {
		snprintf(h->line, sizeof(h->line), "pipe: %s", strerror(errno));
		health_ended(h, 1 << 8);
		return;
	}
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	h->output.fd = ends[0];
	h->pid = h->start(ends[1]);
	close(ends[1]);
	if (h->pid < 0 || loop_add(h->loop, &h->output, EPOLLIN) < 0)
		snprintf(h->line, sizeof(h->line), "cannot start: %s", strerror(errno));
	if (h->pid < 0)
		health_ended(h, 1 << 8);
	else
		loop_arm(h->loop, &h->timer, now_ms() + (int64_t)h->spec->timeout_ms);
}

static void handle_deadline(struct loop *loop, struct loop_timer *timer)
{
	struct health_check *h = container_of(timer, struct health_check, timer);
	(void)loop;
	if (h->pid == 0) {
		start(h);
		return;
	}
	h->overdue = true;
	kill(-h->pid, SIGKILL);
	kill(h->pid, SIGKILL);
}

void health_begin(struct health_check *h)
{
	h->timer.handle = handle_deadline;
	h->output = (struct loop_fd){.fd = -1, .handle = handle_output};
	h->state = HEALTH_STARTING;
	h->began_ms = now_ms();
	h->tell(HEALTH_STARTING);
	arm(h);
}

/* What the check said last, or how it ended. */
static void explain(struct health_check *h, int status)
{
	struct text t = TEXT(h->line);
	if (h->overdue)
		text_add(&t, "its check took more than %llu ms", (unsigned long long)h->spec->timeout_ms);
	else
		text_add_exit(&t, status);
}

/* What it said, and what it left. */
static void close_check(struct health_check *h)
{
	if (h->output.fd >= 0) {
		loop_remove(h->loop, &h->output);
		close(h->output.fd);
		h->output.fd = -1;
	}
	if (h->pid > 0)
		kill(-h->pid, SIGKILL);
	h->pid = 0;
}

void health_stop(struct health_check *h)
{
	if (h->pid > 0)
		kill(h->pid, SIGKILL);
	close_check(h);
	loop_disarm(h->loop, &h->timer);
}

void health_ended(struct health_check *h, int status)
{
	bool counts = status != 0 && !still_starts(h);
	if (h->output.fd >= 0)
		handle_output(h->loop, &h->output, 0);
	close_check(h);
	arm(h);
	if (status == 0) {
		h->failures = 0;
		set_health_state(h, HEALTH_HEALTHY);
	} else if (counts) {
		if (h->overdue || h->line[0] == '\0')
			explain(h, status);
		if (++h->failures >= h->spec->retries)
			set_health_state(h, HEALTH_UNHEALTHY);
	}
	if (counts && h->failed != NULL)
		h->failed(h);
}
