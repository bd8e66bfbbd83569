/* Who may come: what the list says, in both families, and with on-link the networks that the kernel has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "common/allow.h"

static struct networks networks; /* filled by hand: nothing rings */

static bool take(struct allow *a, const char *item)
{
	return allow_take(a, item, strlen(item));
}

static bool may(const struct allow *a, const char *address)
{
	struct prefix p;
	assert_true(prefix_parse(&p, address, strlen(address)));
	return allow_client(a, &networks, &p.address);
}

static int setup(void **state)
{
	(void)state;
	networks = (struct networks){.notifications.fd = -1};
	assert_true(prefix_parse(&networks.on_link.list[networks.on_link.count++], "192.0.2.0/24", 12));
	assert_true(prefix_parse(&networks.own.list[networks.own.count++], "::1", 3));
	return 0;
}

static void prefixes_of_both_families(void **state)
{
	struct allow a = {0};
	(void)state;
	assert_true(take(&a, "10.0.0.0/8"));
	assert_true(take(&a, "2001:db8::/32"));
	assert_true(may(&a, "10.255.0.1"));
	assert_true(may(&a, "2001:db8:ffff::1"));
	assert_false(may(&a, "11.0.0.1"));
	assert_false(may(&a, "2001:db9::1"));
	assert_false(may(&a, "192.0.2.1"));
	assert_false(may(&a, "::1"));
}

static void on_link_is_where_the_machine_is(void **state)
{
	struct allow a = {0};
	(void)state;
	assert_false(may(&a, "192.0.2.1"));
	assert_true(take(&a, "on-link"));
	assert_true(may(&a, "192.0.2.1"));
	assert_true(may(&a, "::1"));
	assert_false(may(&a, "192.0.3.1"));
}

static void what_is_no_prefix_is_refused(void **state)
{
	struct allow a = {0};
	static const char *const bad[] = {"", "on-lin", "on-link ", "10.0.0.0/33", "x", "10.0.0.0/8,"};
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(take(&a, bad[i]));
	for (size_t i = 0; i < ALLOW_PREFIXES_MAX; i++)
		assert_true(take(&a, "10.0.0.0/8"));
	assert_false(take(&a, "10.0.0.0/8"));
	assert_true(take(&a, "on-link"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(prefixes_of_both_families, setup),
		cmocka_unit_test_setup(on_link_is_where_the_machine_is, setup),
		cmocka_unit_test_setup(what_is_no_prefix_is_refused, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
