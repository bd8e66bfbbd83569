/* A check that runs every so often: what counts as a failure, how many make the service unhealthy, and that
 * it ends without a word. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "box_health.h"

static struct loop loop;
static struct loop_signals signals;
static struct box_health spec;
static struct health_check check;
static enum { PASS, FAIL, HANG } behaviour;
static int told[8], told_count, failures;
static bool stop_at_failure;

static pid_t start(int output)
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	setsid();
	if (behaviour == FAIL)
		(void)!write(output, "port 80: no answer\n", 19);
	while (behaviour == HANG)
		pause();
	_exit(behaviour == FAIL);
}

static void tell(enum health state)
{
	told[told_count++] = (int)state;
}

static void failed(const struct health_check *h)
{
	assert_ptr_equal(h, &check);
	failures = (int)h->failures;
	if (stop_at_failure)
		health_stop(&check);
}

static void handle_signal(struct loop *l, int number)
{
	int status;
	(void)l, (void)number;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
		if (pid == check.pid)
			health_ended(&check, status);
}

static int setup(void **state)
{
	(void)state;
	told_count = failures = 0;
	stop_at_failure = false;
	behaviour = PASS;
	spec = (struct box_health){.interval_ms = 1, .timeout_ms = 10000, .retries = 2};
	check = (struct health_check){.spec = &spec,
		.name = "daemon",
		.loop = &loop,
		.start = start,
		.tell = tell,
		.failed = failed};
	signals.handle = handle_signal;
	return loop_init(&loop) < 0 || loop_signals(&loop, &signals, (const int[]){SIGCHLD, 0}) < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	health_stop(&check);
	close(signals.fd.fd);
	loop_free(&loop);
	return 0;
}

#define RUN_UNTIL(condition)                                                                                 \
	for (int64_t deadline = now_ms() + 10000; !(condition);) {                                           \
		if (now_ms() > deadline)                                                                     \
			fail_msg("not for 10 s: %s", #condition);                                            \
		assert_int_equal(loop_once(&loop, 100), 0);                                                  \
	}

static void passes_and_fails(void **state)
{
	(void)state;
	health_begin(&check);
	assert_int_equal(told[0], HEALTH_STARTING);
	RUN_UNTIL(told_count == 2);
	assert_int_equal(told[1], HEALTH_HEALTHY);
	behaviour = FAIL;
	RUN_UNTIL(failures == 1);
	assert_int_equal(told_count, 2);
	RUN_UNTIL(failures == 5);
	assert_int_equal(told_count, 3);
	assert_int_equal(told[2], HEALTH_UNHEALTHY);
	assert_string_equal(check.line, "port 80: no answer");
	behaviour = PASS;
	RUN_UNTIL(told_count == 4);
	assert_int_equal(told[3], HEALTH_HEALTHY);
	assert_int_equal(check.failures, 0);
}

/* A slow start. */
static void no_failure_counts_before_it_has_started(void **state)
{
	(void)state;
	spec.start_ms = 3600000;
	behaviour = FAIL;
	health_begin(&check);
	for (int i = 0; i < 50; i++)
		assert_int_equal(loop_once(&loop, 10), 0);
	assert_int_equal(failures, 0);
	assert_int_equal(told_count, 1);
	behaviour = PASS;
	RUN_UNTIL(told_count == 2);
	behaviour = FAIL;
	RUN_UNTIL(failures == 1);
}

static void one_that_takes_too_long_has_failed(void **state)
{
	(void)state;
	spec.timeout_ms = 20;
	behaviour = HANG;
	health_begin(&check);
	RUN_UNTIL(failures == 2);
	assert_string_equal(check.line, "its check took more than 20 ms");
}

/* By whoever is told of the failure. */
static void stopped_it_asks_no_more(void **state)
{
	(void)state;
	stop_at_failure = true;
	behaviour = FAIL;
	health_begin(&check);
	RUN_UNTIL(failures == 1);
	assert_null(loop.timers);
	assert_int_equal(check.pid, 0);
	/* And while one runs. */
	setup(state);
	behaviour = HANG;
	health_begin(&check);
	RUN_UNTIL(check.pid != 0);
	pid_t pid = check.pid;
	health_stop(&check);
	RUN_UNTIL(kill(pid, 0) < 0);
	assert_null(loop.timers);
	assert_int_equal(told_count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(passes_and_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(no_failure_counts_before_it_has_started, setup, teardown),
		cmocka_unit_test_setup_teardown(one_that_takes_too_long_has_failed, setup, teardown),
		cmocka_unit_test_setup_teardown(stopped_it_asks_no_more, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
