/* Which MTU a NIC is to have, by the setting, the lease and what it had before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mtu.h"

static void mtu_of_setting_lease_and_before(void **state)
{
	(void)state;
	assert_int_equal(mtu_wanted(9000, 1400, "bound", 1500), 9000);
	assert_int_equal(mtu_wanted(0, 1400, "bound", 0), 1400);
	assert_int_equal(mtu_wanted(0, 9000, "bound", 0), 9000);
	assert_int_equal(mtu_wanted(0, 576, "bound", 0), 1280);
	assert_int_equal(mtu_wanted(0, 0, "bound", 0), 0);
	assert_int_equal(mtu_wanted(0, 0, NULL, 0), 0);
}

static void mtu_goes_back_when_the_lease_is_over_and_not_before(void **state)
{
	const char *const over[] = {"expired", "nak", "bound", "renew", "rebind", "off"};
	const char *const perhaps_not[] = {NULL, "none", "discover"};
	(void)state;
	for (size_t i = 0; i < sizeof(over) / sizeof(over[0]); i++)
		assert_int_equal(mtu_wanted(0, 0, over[i], 1500), 1500);
	for (size_t i = 0; i < sizeof(perhaps_not) / sizeof(perhaps_not[0]); i++)
		assert_int_equal(mtu_wanted(0, 0, perhaps_not[i], 1500), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mtu_of_setting_lease_and_before),
		cmocka_unit_test(mtu_goes_back_when_the_lease_is_over_and_not_before),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
