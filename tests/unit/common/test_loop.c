/* The loop: deadlines in order, no event for what was removed in the same round, signals from the loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/loop.h"

enum { DEADLINE_S = 20 };

static struct loop loop;
static int order[8];
static int order_count;

struct numbered_timer {
	struct loop_timer timer;
	int number;
};

static int setup(void **state)
{
	(void)state;
	order_count = 0;
	return loop_init(&loop);
}

static int teardown(void **state)
{
	(void)state;
	loop_free(&loop);
	return 0;
}

static void note_timer(struct loop *l, struct loop_timer *timer)
{
	(void)l;
	order[order_count++] = container_of(timer, struct numbered_timer, timer)->number;
}

static void timers_run_by_deadline_and_once(void **state)
{
	struct numbered_timer t[4];
	int64_t now = now_ms();
	(void)state;
	for (int i = 0; i < 4; i++)
		t[i] = (struct numbered_timer){.timer.handle = note_timer, .number = i};
	loop_arm(&loop, &t[0].timer, now + 20);
	loop_arm(&loop, &t[1].timer, now + 10);
	loop_arm(&loop, &t[2].timer, now + 5);
	loop_arm(&loop, &t[3].timer, now + 15);
	loop_disarm(&loop, &t[3].timer);
	loop_arm(&loop, &t[2].timer, now + 30); /* moved behind the others */
	while (order_count < 3)
		assert_int_equal(loop_once(&loop, 1000), 0);
	assert_int_equal(order[0], 1);
	assert_int_equal(order[1], 0);
	assert_int_equal(order[2], 2);
	assert_null(loop.timers);
}

static void timer_never_fires_early(void **state)
{
	struct numbered_timer t = {.timer.handle = note_timer};
	int64_t deadline = now_ms() + 30;
	(void)state;
	loop_arm(&loop, &t.timer, deadline);
	while (order_count == 0)
		assert_int_equal(loop_once(&loop, 1000), 0);
	assert_true(now_ms() >= deadline);
}

static struct loop_fd pair[2];

static void remove_the_other(struct loop *l, struct loop_fd *w, uint32_t events)
{
	(void)events;
	order_count++;
	loop_remove(l, w == &pair[0] ? &pair[1] : &pair[0]);
}

static void removed_descriptor_gets_no_event_of_this_round(void **state)
{
	int pipes[2][2];
	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pipe(pipes[i]), 0);
		pair[i] = (struct loop_fd){.fd = pipes[i][0], .handle = remove_the_other};
		assert_int_equal(loop_add(&loop, &pair[i], EPOLLIN), 0);
		assert_int_equal(write(pipes[i][1], "x", 1), 1);
	}
	assert_int_equal(loop_once(&loop, 1000), 0);
	assert_int_equal(order_count, 1);
	for (int i = 0; i < 2; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
}

static struct loop_turn turns[3];

static void note_turn(struct loop *l, struct loop_turn *t)
{
	order[order_count++] = (int)(t - turns);
	if (t == &turns[0] && order_count < 4)
		loop_defer(l, t);
	loop_withdraw(l, &turns[2]);
}

static void turns_come_in_order_once_a_round_and_can_be_withdrawn(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		turns[i] = (struct loop_turn){.handle = note_turn};
	for (int i = 0; i < 3; i++)
		loop_defer(&loop, &turns[i]);
	loop_defer(&loop, &turns[0]);
	alarm(DEADLINE_S); /* who waits although it is somebody's turn waits for ever */
	for (int round = 0; round < 3; round++)
		assert_int_equal(loop_once(&loop, -1), 0);
	alarm(0);
	assert_int_equal(order_count, 4);
	assert_int_equal(order[0], 0);
	assert_int_equal(order[1], 1);
	assert_int_equal(order[2], 0);
	assert_int_equal(order[3], 0);
	assert_null(loop.turns);
	loop_defer(&loop, &turns[1]);
	loop_withdraw(&loop, &turns[1]);
	loop_defer(&loop, &turns[0]);
	loop_defer(&loop, &turns[1]);
	loop_withdraw(&loop, &turns[1]);
	loop_defer(&loop, &turns[1]);
	assert_int_equal(loop_once(&loop, 1000), 0);
	assert_int_equal(order[4], 0);
	assert_int_equal(order[5], 1);
	assert_int_equal(order_count, 6);
}

static void note_turn_before_descriptor(struct loop *l, struct loop_turn *t)
{
	order[order_count++] = 1;
	if (order_count < 3)
		loop_defer(l, t);
}

static void note_descriptor(struct loop *l, struct loop_fd *w, uint32_t events)
{
	(void)events;
	order[order_count++] = 2;
	loop_remove(l, w);
}

static void a_turn_that_goes_on_keeps_no_descriptor_waiting(void **state)
{
	int pipes[2];
	struct loop_fd w = {.handle = note_descriptor};
	struct loop_turn turn = {.handle = note_turn_before_descriptor};
	(void)state;
	assert_int_equal(pipe(pipes), 0);
	loop_defer(&loop, &turn);
	assert_int_equal(loop_once(&loop, 1000), 0);
	w.fd = pipes[0];
	assert_int_equal(loop_add(&loop, &w, EPOLLIN), 0);
	assert_int_equal(write(pipes[1], "x", 1), 1);
	assert_int_equal(loop_once(&loop, 1000), 0);
	assert_int_equal(order[1], 2);
	assert_int_equal(order[2], 1);
	close(pipes[0]);
	close(pipes[1]);
}

static void note_signal(struct loop *l, int number)
{
	order[order_count++] = number;
	loop_stop(l);
}

static void signals_come_from_the_loop(void **state)
{
	struct loop_signals signals = {.handle = note_signal};
	(void)state;
	assert_int_equal(loop_signals(&loop, &signals, (const int[]){SIGUSR1, 0}), 0);
	kill(getpid(), SIGUSR1);
	assert_int_equal(order_count, 0);
	assert_int_equal(loop_run(&loop), 0);
	assert_int_equal(order_count, 1);
	assert_int_equal(order[0], SIGUSR1);
	close(signals.fd.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(timers_run_by_deadline_and_once, setup, teardown),
		cmocka_unit_test_setup_teardown(timer_never_fires_early, setup, teardown),
		cmocka_unit_test_setup_teardown(
			removed_descriptor_gets_no_event_of_this_round, setup, teardown),
		cmocka_unit_test_setup_teardown(
			turns_come_in_order_once_a_round_and_can_be_withdrawn, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_turn_that_goes_on_keeps_no_descriptor_waiting, setup, teardown),
		cmocka_unit_test_setup_teardown(signals_come_from_the_loop, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
