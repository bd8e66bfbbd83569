/* What is counted: percentiles lie in their bucket, refusals add up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "counts.h"
#include "histogram.h"

static void test_percentiles(void **state)
{
	struct histogram h = {0};
	(void)state;
	assert_int_equal(histogram_percentile(&h, 50), 0);
	for (uint64_t value = 1; value <= 100; value++)
		histogram_add(&h, value);
	assert_int_equal(histogram_percentile(&h, 50), 50);
	assert_int_equal(histogram_percentile(&h, 99), 100);
	assert_int_equal(histogram_percentile(&h, 1), 1);
	histogram_add(&h, UINT64_MAX);
	assert_int_equal(histogram_percentile(&h, 100), 1000000000);
	h = (struct histogram){0};
	histogram_add(&h, 0);
	assert_int_equal(histogram_percentile(&h, 99), 1);
	for (int i = 0; i < 99; i++)
		histogram_add(&h, 201);
	assert_int_equal(histogram_percentile(&h, 50), 500);
}

static void test_sum_of_refusals(void **state)
{
	struct counts c = {.of = {[REFUSED_GUARD] = 2, [REFUSED_NOT_ALLOWED] = 3, [CLOSED_IDLE] = 100}};
	(void)state;
	assert_int_equal(counts_refused(&c), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_percentiles),
		cmocka_unit_test(test_sum_of_refusals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
