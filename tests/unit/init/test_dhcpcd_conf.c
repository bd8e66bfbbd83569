/* What the settings add to dhcpcd's configuration: each NIC loses what its addresses stand in for, and no
 * more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "common/ip_setting.h"
#include "dhcpcd_conf.h"

static char buffer[4096];

static const char *added(const char *ip, const char *mtu)
{
	struct text t = TEXT(buffer);
	dhcpcd_conf_add(&t, ip, mtu);
	assert_false(t.overflow);
	return buffer;
}

static void automatic_nics_need_nothing(void **state)
{
	(void)state;
	assert_string_equal(added("dhcp", "0"), "");
	assert_string_equal(added("eth0:dhcp eth0.5:dhcp 52:54:00:12:34:56:dhcp", "0"), "");
}

static void each_family_is_switched_off_by_itself(void **state)
{
	(void)state;
	assert_string_equal(
		added("eth0:192.0.2.5/24,192.0.2.1", "0"), "interface eth0\nnoipv4\nenv dhcp4=off\n");
	assert_string_equal(added("eth0:2001:db8::5/64", "0"),
		"interface eth0\nnodhcp6\nipv6ra_noautoconf\nenv dhcp6=off\n");
	assert_string_equal(added("eth0:2001:db8::5/64,fe80::1", "0"),
		"interface eth0\nnodhcp6\nipv6ra_noautoconf\nenv dhcp6=off\nnoipv6rs\nenv ra=off\n");
	assert_string_equal(added("eth1:none", "0"),
		"interface eth1\nnoipv4\nenv dhcp4=off\nnoipv6\nenv dhcp6=off\nenv ra=off\n");
}

static void nics_are_named_as_the_setting_names_them(void **state)
{
	(void)state;
	assert_string_equal(added("52:54:00:AB:cd:0e:192.0.2.5/24 eth0.5:192.0.2.6/24", "0"),
		"interface 52:54:00:ab:cd:0e\nnoipv4\nenv dhcp4=off\n"
		"interface eth0.5\nnoipv4\nenv dhcp4=off\n");
}

static void an_mtu_of_the_setting_is_not_taken_from_dhcp(void **state)
{
	(void)state;
	assert_string_equal(added("dhcp", "1400"), "nooption interface_mtu\n");
	/* before the first block: within one it would hold for that NIC only */
	assert_string_equal(added("eth0:192.0.2.5/24", "1400"),
		"nooption interface_mtu\ninterface eth0\nnoipv4\nenv dhcp4=off\n");
}

static void what_is_no_setting_adds_nothing(void **state)
{
	(void)state;
	assert_string_equal(added("eth0:192.0.2.5", "0"), "");
	assert_string_equal(added("eth0:dhcp eth\n:none", "0"), "");
}

static void the_most_that_can_be_set_fits(void **state)
{
	char ip[CONFIG_VALUE_MAX] = "";
	(void)state;
	for (int i = 0; i < IP_SETTINGS_MAX; i++)
		snprintf(ip + strlen(ip), sizeof(ip) - strlen(ip), "52:54:00:12:34:%02x:none ", i);
	const char *at = added(ip, "65535");
	for (int i = 0; i < IP_SETTINGS_MAX; i++) {
		at = strstr(at, "interface 52:54:00:12:34:");
		assert_non_null(at);
		at++;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(automatic_nics_need_nothing),
		cmocka_unit_test(each_family_is_switched_off_by_itself),
		cmocka_unit_test(nics_are_named_as_the_setting_names_them),
		cmocka_unit_test(an_mtu_of_the_setting_is_not_taken_from_dhcp),
		cmocka_unit_test(what_is_no_setting_adds_nothing),
		cmocka_unit_test(the_most_that_can_be_set_fits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
