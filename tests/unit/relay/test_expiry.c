/* Entries expire in order, each once, not before their time, and not when they were touched or removed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "expiry.h"

enum { PERIOD_MS = 20 };

static struct loop loop;
static struct expiry list;
static struct expiry_entry entries[3];
static struct expiry_entry *expired[8];
static int expired_count;
static int64_t expired_ms;

static void handle_expired(struct expiry *l, struct expiry_entry *e)
{
	assert_ptr_equal(l, &list);
	assert_null(e->next);
	expired[expired_count++] = e;
	expired_ms = now_ms();
}

static int setup(void **state)
{
	(void)state;
	expired_count = 0;
	for (size_t i = 0; i < 3; i++)
		entries[i] = (struct expiry_entry){0};
	expiry_init(&list, &loop, PERIOD_MS, handle_expired);
	return loop_init(&loop);
}

static int teardown(void **state)
{
	(void)state;
	loop_free(&loop);
	return 0;
}

/* Until COUNT have expired, and never for longer than a few periods. */
static void run(int count)
{
	int64_t end = now_ms() + 100 * PERIOD_MS;
	while (expired_count < count && now_ms() < end)
		assert_int_equal(loop_once(&loop, 5), 0);
	assert_int_equal(expired_count, count);
}

static void test_order(void **state)
{
	(void)state;
	int64_t start = now_ms();
	for (size_t i = 0; i < 3; i++)
		expiry_add(&list, &entries[i]);
	run(3);
	for (size_t i = 0; i < 3; i++)
		assert_ptr_equal(expired[i], &entries[i]);
	assert_true(expired_ms - start >= PERIOD_MS);
	assert_null(expiry_first(&list));
	assert_null(list.timer.previous);
}

static void test_touch_moves_to_the_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++)
		expiry_add(&list, &entries[i]);
	expiry_touch(&list, &entries[0]);
	assert_ptr_equal(expiry_first(&list), &entries[1]);
	run(3);
	assert_ptr_equal(expired[2], &entries[0]);
}

static void test_touched_stays_until_a_period_has_gone(void **state)
{
	(void)state;
	expiry_add(&list, &entries[0]);
	int64_t start = now_ms(), touched = start;
	while (now_ms() < start + 3 * PERIOD_MS) {
		loop_once(&loop, 1);
		if (expired_count > 0) /* this machine was too slow to touch it in time */
			break;
		touched = now_ms();
		expiry_touch(&list, &entries[0]);
	}
	run(1);
	assert_true(expired_ms - touched >= PERIOD_MS);
}

static void test_removed_does_not_expire(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++)
		expiry_add(&list, &entries[i]);
	expiry_remove(&entries[0]);
	expiry_remove(&entries[0]);
	expiry_remove(&entries[2]);
	run(1);
	assert_ptr_equal(expired[0], &entries[1]);
	assert_null(expiry_first(&list));
}

static void test_another_period(void **state)
{
	(void)state;
	expiry_set_period(&list, 1000 * PERIOD_MS);
	expiry_add(&list, &entries[0]);
	expiry_add(&list, &entries[1]);
	int64_t deadline_ms = entries[0].deadline_ms;
	expiry_set_period(&list, PERIOD_MS);
	assert_int_equal(entries[0].deadline_ms, deadline_ms - 999 * PERIOD_MS);
	expiry_add(&list, &entries[2]);
	run(3);
	assert_ptr_equal(expired[2], &entries[2]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_touch_moves_to_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_touched_stays_until_a_period_has_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_removed_does_not_expire, setup, teardown),
		cmocka_unit_test_setup_teardown(test_another_period, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
