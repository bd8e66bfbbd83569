#include "watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/log.h"

enum { TIMEOUT_S = 30, FEED_MS = 5000, DEVICES_MAX = 4 };

/* softdog.c: it notices a PID 1 that hangs, the machine's own a kernel that hangs as well. */
static const char software[] = "Software Watchdog";

/* What WDIOC_GETBOOTSTATUS has, by linux/watchdog.h. */
static const struct {
	int flag;
	enum reset_reason reason;
} reasons[] = {{WDIOF_CARDRESET, RESET_WATCHDOG}, {WDIOF_OVERHEAT, RESET_OVERHEAT}};

static void handle_feed(struct loop *loop, struct loop_timer *timer)
{
	struct watchdog *w = container_of(timer, struct watchdog, timer);
	if (write(w->fd, "", 1) < 0)
		log_warn("watchdog %s", w->identity);
	loop_arm(loop, timer, now_ms() + w->feed_ms);
}

/* Opens device NUMBER, which starts it. Its driver has looked for the reason of the reset before. */
static int open_device(int number, char identity[static 33], enum reset_reason *reason)
{
	char path[32];
	struct watchdog_info info = {0};
	int status = 0;
	snprintf(path, sizeof(path), "/dev/watchdog%d", number);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (ioctl(fd, WDIOC_GETSUPPORT, &info) < 0)
		log_warn("%s", path);
	memcpy(identity, info.identity, 32);
	identity[32] = '\0';
	if (ioctl(fd, WDIOC_GETBOOTSTATUS, &status) == 0)
		for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]) && *reason == RESET_UNKNOWN; i++)
			if (status & reasons[i].flag)
				*reason = reasons[i].reason;
	return fd;
}

/* "V" is the magic close of Documentation/watchdog/watchdog-api.rst: it stops the device. */
static void release(int fd)
{
	(void)!write(fd, "V", 1);
	close(fd);
}

/* Keeps the first that is the machine's own, else the first. */
static void choose(struct watchdog *w)
{
	for (int number = 0; number < DEVICES_MAX; number++) {
		char identity[33];
		int fd = open_device(number, identity, &w->reset_reason);
		if (fd < 0)
			continue;
		if (w->fd >= 0 && (strcmp(w->identity, software) != 0 || strcmp(identity, software) == 0)) {
			release(fd);
			continue;
		}
		if (w->fd >= 0)
			release(w->fd);
		w->fd = fd;
		memcpy(w->identity, identity, sizeof(identity));
	}
}

/* One that has not TIMEOUT_S keeps its own. */
static void set_timeout(struct watchdog *w)
{
	int timeout_s = TIMEOUT_S;
	if (ioctl(w->fd, WDIOC_SETTIMEOUT, &timeout_s) < 0) {
		log_warn("watchdog %s: timeout of %d s", w->identity, TIMEOUT_S);
		if (ioctl(w->fd, WDIOC_GETTIMEOUT, &timeout_s) < 0)
			timeout_s = TIMEOUT_S;
	}
	int64_t third_ms = (int64_t)timeout_s * 1000 / 3;
	w->feed_ms = timeout_s > 0 && third_ms < FEED_MS ? third_ms : FEED_MS;
}

void watchdog_start(struct watchdog *w, struct loop *loop)
{
	*w = (struct watchdog){.fd = -1, .identity = "none", .timer = {.handle = handle_feed}};
	choose(w);
	if (w->reset_reason != RESET_UNKNOWN)
		log_warnx("last reset: %s", reset_reason_words[w->reset_reason]);
	if (w->fd < 0) {
		log_warnx("no watchdog: a hang will last");
		return;
	}
	set_timeout(w);
	handle_feed(loop, &w->timer);
}
