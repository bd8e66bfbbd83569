/* Which watchdog is taken, how it is fed, and what the others tell of the last reset. */
#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "watchdog.h"

enum { FIRST_FD = 1000, DEVICES = 4 };

/* /dev/watchdogN; one without an identity is not there. */
static struct device {
	const char *identity;
	int boot_status, timeout_s; /* 0: any */
	bool opened, runs;
	int fed, set_s;
} devices[DEVICES];

int __wrap_open(const char *path, int flags, ...);
int __wrap_ioctl(int fd, unsigned long request, void *argument);
ssize_t __wrap_write(int fd, const void *bytes, size_t length);
ssize_t __real_write(int fd, const void *bytes, size_t length);
int __wrap_close(int fd);

static struct device *device_of(int fd)
{
	assert_in_range(fd, FIRST_FD, FIRST_FD + DEVICES - 1);
	assert_true(devices[fd - FIRST_FD].opened);
	return &devices[fd - FIRST_FD];
}

int __wrap_open(const char *path, int flags, ...)
{
	int number = -1;
	assert_int_equal(sscanf(path, "/dev/watchdog%d", &number), 1);
	assert_in_range(number, 0, DEVICES - 1);
	assert_int_equal(flags, O_WRONLY | O_CLOEXEC);
	if (devices[number].identity == NULL) {
		errno = ENOENT;
		return -1;
	}
	assert_false(devices[number].opened);
	devices[number].opened = devices[number].runs = true;
	return FIRST_FD + number;
}

int __wrap_ioctl(int fd, unsigned long request, void *argument)
{
	struct device *d = device_of(fd);
	struct watchdog_info *info = argument;
	int *number = argument;
	if (request == WDIOC_GETSUPPORT) {
		snprintf((char *)info->identity, sizeof(info->identity), "%s", d->identity);
	} else if (request == WDIOC_GETBOOTSTATUS) {
		*number = d->boot_status;
	} else if (request == WDIOC_SETTIMEOUT && d->timeout_s == 0) {
		d->set_s = *number;
	} else if (request == WDIOC_GETTIMEOUT && d->timeout_s > 0) {
		*number = d->timeout_s;
	} else {
		errno = EINVAL;
		return -1;
	}
	return 0;
}

ssize_t __wrap_write(int fd, const void *bytes, size_t length)
{
	if (fd < FIRST_FD)
		return __real_write(fd, bytes, length);
	struct device *d = device_of(fd);
	assert_int_equal(length, 1);
	if (*(const char *)bytes == 'V')
		d->runs = false;
	else
		d->fed++;
	return 1;
}

int __wrap_close(int fd)
{
	device_of(fd)->opened = false;
	return 0;
}

static struct loop loop;
static struct watchdog watchdog;

static int setup(void **state)
{
	(void)state;
	memset(devices, 0, sizeof(devices));
	loop = (struct loop){.epoll_fd = -1};
	return 0;
}

/* Device NUMBER alone runs, and was fed once. */
static void assert_taken(int number)
{
	watchdog_start(&watchdog, &loop);
	for (int i = 0; i < DEVICES; i++) {
		assert_int_equal(devices[i].runs, i == number);
		assert_int_equal(devices[i].opened, i == number);
		assert_int_equal(devices[i].fed, i == number);
	}
	if (number >= 0)
		assert_string_equal(watchdog.identity, devices[number].identity);
}

static void none(void **state)
{
	(void)state;
	assert_taken(-1);
	assert_string_equal(watchdog.identity, "none");
	assert_int_equal(watchdog.reset_reason, RESET_UNKNOWN);
	assert_null(watchdog.timer.previous);
}

static void the_kernels_own(void **state)
{
	(void)state;
	devices[1].identity = "Software Watchdog";
	assert_taken(1);
	assert_int_equal(devices[1].set_s, 30);
	assert_int_equal(watchdog.reset_reason, RESET_UNKNOWN);
	loop.timers->handle(&loop, loop.timers);
	assert_int_equal(devices[1].fed, 2);
}

static void the_machines_goes_before_it(void **state)
{
	(void)state;
	for (int place = 0; place < 2; place++) {
		setup(state);
		devices[place].identity = "i6300ESB timer";
		devices[1 - place].identity = "Software Watchdog";
		assert_taken(place);
	}
}

static void the_first_of_several(void **state)
{
	(void)state;
	devices[0].identity = "Software Watchdog";
	devices[1].identity = "iTCO_wdt";
	devices[3].identity = "i6300ESB timer";
	assert_taken(1);
}

/* Also by one that is not taken. */
static void whoever_tells_of_the_reset(void **state)
{
	(void)state;
	devices[0].identity = "iTCO_wdt";
	devices[1].identity = "i6300ESB timer";
	devices[1].boot_status = WDIOF_CARDRESET | WDIOF_KEEPALIVEPING;
	assert_taken(0);
	assert_int_equal(watchdog.reset_reason, RESET_WATCHDOG);
	setup(state);
	devices[0].identity = "heat";
	devices[0].boot_status = WDIOF_OVERHEAT;
	assert_taken(0);
	assert_int_equal(watchdog.reset_reason, RESET_OVERHEAT);
}

static void one_that_has_a_time_of_its_own(void **state)
{
	(void)state;
	devices[0].identity = "quick";
	devices[0].timeout_s = 6;
	assert_taken(0);
	assert_int_equal(watchdog.feed_ms, 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(none, setup),
		cmocka_unit_test_setup(the_kernels_own, setup),
		cmocka_unit_test_setup(the_machines_goes_before_it, setup),
		cmocka_unit_test_setup(the_first_of_several, setup),
		cmocka_unit_test_setup(whoever_tells_of_the_reset, setup),
		cmocka_unit_test_setup(one_that_has_a_time_of_its_own, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
