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

static void handle_feed(struct loop *loop, struct loop_timer *timer)
{
	struct watchdog *w = container_of(timer, struct watchdog, timer);
	if (write(w->fd, "", 1) < 0)
		log_warn("watchdog %s", w->identity);
	loop_arm(loop, timer, now_ms() + FEED_MS);
}

/* Opens device NUMBER; opening starts it. */
static int open_device(int number, char identity[static 33])
{
	char path[32];
	struct watchdog_info info = {0};
	snprintf(path, sizeof(path), "/dev/watchdog%d", number);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (ioctl(fd, WDIOC_GETSUPPORT, &info) < 0)
		log_warn("%s", path);
	memcpy(identity, info.identity, 32);
	identity[32] = '\0';
	return fd;
}

/* "V" is the magic close of Documentation/watchdog/watchdog-api.rst: it stops the device. */
static void release(int fd)
{
	(void)!write(fd, "V", 1);
	close(fd);
}

void watchdog_start(struct watchdog *w, struct loop *loop)
{
	*w = (struct watchdog){.fd = -1, .identity = "none", .timer = {.handle = handle_feed}};
	for (int number = 0; number < DEVICES_MAX; number++) {
		char identity[33];
		int fd = open_device(number, identity);
		if (fd < 0)
			continue;
		/* The machine's own also notices a kernel that hangs; the software one is the last choice.
		 */
		if (w->fd >= 0 && strcmp(w->identity, "Software Watchdog") != 0) {
			release(fd);
			continue;
		}
		if (w->fd >= 0)
			release(w->fd);
		w->fd = fd;
		memcpy(w->identity, identity, sizeof(identity));
	}
	if (w->fd < 0) {
		log_warnx("no watchdog: a hang will last");
		return;
	}
	int timeout_s = TIMEOUT_S;
	if (ioctl(w->fd, WDIOC_SETTIMEOUT, &timeout_s) < 0)
		log_warn("watchdog %s: timeout of %d s", w->identity, TIMEOUT_S);
	handle_feed(loop, &w->timer);
}
