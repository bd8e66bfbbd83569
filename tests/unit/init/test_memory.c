/* Memory figures, as /proc/meminfo has them, and what follows from the memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "system.h"

static void memory_figures_are_found(void **state)
{
	struct memory m;
	(void)state;
	memory_parse(&m,
		"MemTotal:          52736 kB\nMemFree:           46844 kB\nMemAvailable:      45880 kB\n");
	assert_int_equal(m.total_bytes, 52736 * 1024);
	assert_int_equal(m.available_bytes, 45880 * 1024);
	memory_parse(&m, "MemTotal: x kB\n");
	assert_int_equal(m.total_bytes, 0);
	assert_int_equal(m.available_bytes, 0);
}

static void others_have_processes_left(void **state)
{
	(void)state;
	assert_int_equal(processes_left(443, 4096), 443 - 96); /* of a guest of 64 MB */
	assert_int_equal(processes_left(8000, 4096), 4096 - 300 - 96);
	assert_int_equal(processes_left(100, 4096), 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_figures_are_found),
		cmocka_unit_test(others_have_processes_left),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
