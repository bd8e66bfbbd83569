/* What a look tells of a program: one that waits, works, hangs, is stopped, or gets no processor. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/alive.h"
#include "common/loop.h"
#include "liveness.h"

/* What /proc/PID/stat says. */
static char proc_state;
static unsigned proc_ticks;

ssize_t __wrap_file_read(const char *path, char *buffer, size_t size);
ssize_t __wrap_file_read(const char *path, char *buffer, size_t size)
{
	assert_string_equal(path, "/proc/7/stat");
	return snprintf(buffer, size, "7 (a) b) %c 1 7 7 0 -1 4194560 103 0 0 0 %u 2 0 0 20 0 1 0 30 9 9",
		proc_state, proc_ticks);
}

enum { PID = 7 };

static struct liveness life;
static struct alive_page page;

static int setup(void **state)
{
	(void)state;
	proc_state = 'S';
	proc_ticks = 5;
	life = (struct liveness){.page = &page, .fd = -1};
	atomic_store(&page.turns, 0);
	return 0;
}

static unsigned look(int times)
{
	unsigned silent = 0;
	while (times-- > 0)
		silent = liveness_look(&life, PID);
	return silent;
}

static void one_that_never_begins_is_hung(void **state)
{
	(void)state;
	assert_int_equal(look(LIVENESS_ENDED_LOOKS - 1), LIVENESS_ENDED_LOOKS - 1);
	assert_false(liveness_is_hung(&life, PID));
	look(1);
	assert_true(liveness_is_hung(&life, PID));
}

static void one_that_waits_is_not(void **state)
{
	(void)state;
	atomic_store(&page.turns, 2);
	assert_int_equal(look(1000), 0);
	/* It worked meanwhile, in vain or not. */
	atomic_store(&page.turns, 4);
	assert_int_equal(look(1000), 0);
	life.stopped = true;
	assert_int_equal(look(3), 3);
	life.stopped = false;
	assert_int_equal(look(1), 0);
}

static void one_that_works_on_and_on_is_not(void **state)
{
	(void)state;
	for (unsigned turns = 3; turns < 2000; turns += 2) {
		atomic_store(&page.turns, turns);
		assert_int_equal(look(1), 0);
	}
}

static void one_without_the_processor_is_not(void **state)
{
	(void)state;
	atomic_store(&page.turns, 3);
	proc_state = 'R';
	look(1 + LIVENESS_ENDED_LOOKS);
	assert_int_equal(life.silent, LIVENESS_ENDED_LOOKS);
	proc_ticks += 99;
	assert_false(liveness_is_hung(&life, PID));
	proc_ticks += 1; /* it spins */
	assert_true(liveness_is_hung(&life, PID));
	proc_ticks -= 100;
	proc_state = 'D'; /* it waits for what does not come */
	assert_true(liveness_is_hung(&life, PID));
}

static void what_stat_says(void **state)
{
	static const char *const bad[] = {"", "7 (a", "7 (a)", "7 (a) ", "7 (a) S 1 2 3",
		"7 (a) S 1 7 7 0 -1 4 1 0 0 0 x 2 0",
		"7 (a) S 1 7 7 0 -1 4 1 0 0 0 99999999999999999999 2 0"};
	char letter;
	uint64_t ticks;
	(void)state;
	assert_true(liveness_parse_stat("7 (a) R) S 1 7 7 0 -1 4 1 0 0 0 11 22 33 44 20", &letter, &ticks));
	assert_int_equal(letter, 'S');
	assert_int_equal(ticks, 33);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(liveness_parse_stat(bad[i], &letter, &ticks));
}

static bool working;

static void note_working(struct loop *loop, struct loop_timer *timer)
{
	(void)loop;
	(void)timer;
	working = alive_works(atomic_load(&life.page->turns));
}

static bool can_map(int protection, size_t bytes)
{
	void *at = mmap(NULL, bytes, protection, MAP_SHARED, life.fd, 0);
	if (at != MAP_FAILED)
		munmap(at, bytes);
	return at != MAP_FAILED;
}

/* A program of ours, which this one passes for, shows itself; it cannot cut the page off. */
static void a_loop_shows_itself(void **state)
{
	struct loop loop;
	struct loop_timer timer = {.handle = note_working};
	(void)state;
	liveness_begin(&life, "/bin/sh");
	assert_null(life.page);
	assert_null(liveness_pass(&life));
	liveness_begin(&life, "/proc/self/exe");
	assert_non_null(life.page);
	assert_true(can_map(PROT_READ | PROT_WRITE, 1));
	assert_int_equal(ftruncate(life.fd, 0), -1);
	assert_int_equal(look(2), 2);
	putenv((char *)(uintptr_t)liveness_pass(&life));
	assert_int_equal(loop_init(&loop), 0);
	assert_null(getenv(ALIVE_VARIABLE));
	assert_int_equal(fcntl(life.fd, F_GET_SEALS), -1); /* closed by loop_init */
	life.fd = -1;
	assert_true(alive_works(atomic_load(&life.page->turns)));
	loop_arm(&loop, &timer, now_ms());
	assert_int_equal(loop_once(&loop, 1000), 0);
	assert_true(working);
	pid_t child = fork();
	if (child == 0) {
		loop_run(&loop);
		_exit(0);
	}
	int64_t deadline_ms = now_ms() + 10000;
	while (alive_works(atomic_load(&life.page->turns)) && now_ms() < deadline_ms)
		usleep(1000);
	assert_false(alive_works(atomic_load(&life.page->turns)));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	loop_free(&loop);
	liveness_end(&life);
	assert_null(life.page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_that_never_begins_is_hung, setup),
		cmocka_unit_test_setup(one_that_waits_is_not, setup),
		cmocka_unit_test_setup(one_that_works_on_and_on_is_not, setup),
		cmocka_unit_test_setup(one_without_the_processor_is_not, setup),
		cmocka_unit_test_setup(what_stat_says, setup),
		cmocka_unit_test_setup(a_loop_shows_itself, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
