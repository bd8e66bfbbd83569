/* Lines of log that a stranger can cause are bounded, for each client and in all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "log_limit.h"

static struct in6_addr address(unsigned number)
{
	struct in6_addr a = {0};
	memcpy(&a, &number, sizeof(number));
	return a;
}

static void test_one_line_for_each_client_a_minute(void **state)
{
	static struct log_limit l;
	struct in6_addr one = address(1), other = address(2);
	unsigned held_back;
	(void)state;
	assert_true(log_limit_allows(&l, &one, 1000, &held_back));
	assert_false(log_limit_allows(&l, &one, 1000 + LOG_CLIENT_MS - 1, &held_back));
	assert_true(log_limit_allows(&l, &other, 1000, &held_back));
	assert_true(log_limit_allows(&l, &one, 1000 + LOG_CLIENT_MS, &held_back));
	assert_int_equal(held_back, 0);
}

static void test_lines_of_many_clients(void **state)
{
	static struct log_limit l;
	unsigned lines = 0, held_back = 0, told = 0;
	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		struct in6_addr a = address(i % 1000);
		if (log_limit_allows(&l, &a, 5000 + i, &held_back)) {
			lines++;
			told += held_back;
		}
	}
	assert_int_equal(lines, LOG_WINDOW_LINES);
	struct in6_addr a = address(77777);
	assert_true(log_limit_allows(&l, &a, 5000 + LOG_WINDOW_MS, &held_back));
	assert_true(told + held_back > 9000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_line_for_each_client_a_minute),
		cmocka_unit_test(test_lines_of_many_clients),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
