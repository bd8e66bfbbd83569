/* A record is written at once when it changes, then 250 ms apart, and never when nothing changed. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "records/pace.h"

static struct loop loop;
static struct pace p;
static int64_t clock_ms;
static unsigned writings, warnings;
static int failure;

int64_t __wrap_now_ms(void);
int64_t __wrap_now_ms(void)
{
	return clock_ms;
}

void __wrap_log_warn(const char *format, ...);
void __wrap_log_warn(const char *format, ...)
{
	(void)format;
	warnings++;
}

static int write_one(struct pace *of)
{
	assert_ptr_equal(of, &p);
	writings++;
	errno = failure;
	return failure == 0 ? 0 : -1;
}

static int setup(void **state)
{
	(void)state;
	clock_ms = 1000000;
	writings = warnings = 0;
	failure = 0;
	pace_init(&p, &loop, "test/record", write_one);
	return loop_init(&loop);
}

static int teardown(void **state)
{
	(void)state;
	loop_free(&loop);
	return 0;
}

/* What has been written MS later. */
static unsigned later(int ms)
{
	clock_ms += ms;
	while (p.timer.previous != NULL && p.timer.deadline_ms <= clock_ms) {
		loop_disarm(&loop, &p.timer);
		p.timer.handle(&loop, &p.timer);
	}
	return writings;
}

static void first_at_once_then_apart(void **state)
{
	(void)state;
	assert_int_equal(later(0), 0);
	pace_changed(&p);
	assert_int_equal(later(0), 1);
	pace_changed(&p);
	pace_changed(&p);
	assert_int_equal(later(249), 1);
	assert_int_equal(later(1), 2);
	assert_int_equal(later(10000), 2);
	pace_changed(&p);
	assert_int_equal(later(0), 3);
}

static void written_now(void **state)
{
	(void)state;
	pace_end(&p);
	assert_int_equal(writings, 0);
	pace_changed(&p);
	pace_end(&p);
	assert_int_equal(writings, 1);
	pace_write(&p);
	assert_int_equal(writings, 2);
	assert_int_equal(later(1000), 2);
}

static void failure_is_said_once_and_tried_again(void **state)
{
	(void)state;
	failure = ENOSPC;
	pace_changed(&p);
	assert_int_equal(later(0), 1);
	pace_changed(&p);
	assert_int_equal(later(4999), 1);
	assert_int_equal(later(1), 2);
	assert_int_equal(warnings, 1);
	failure = EROFS;
	assert_int_equal(later(5000), 3);
	assert_int_equal(warnings, 2);
	failure = 0;
	assert_int_equal(later(5000), 4);
	assert_int_equal(later(5000), 4);
	failure = EROFS;
	pace_changed(&p);
	assert_int_equal(later(0), 5);
	assert_int_equal(warnings, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(first_at_once_then_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(written_now, setup, teardown),
		cmocka_unit_test_setup_teardown(failure_is_said_once_and_tried_again, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
