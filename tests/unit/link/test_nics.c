/* Which NIC a setting means, and which one a VLAN is on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "nics.h"

static struct nics nics;

static void add_nic(const char *name, const char *mac)
{
	struct link_info *link = &nics.nic[nics.count++].link;
	link->ifindex = (int)nics.count + 1;
	strcpy(link->ifname, name);
	link->has_mac = mac != NULL;
	if (mac != NULL)
		memcpy(link->mac, mac, sizeof(link->mac));
}

static const char *name_of(const char *item)
{
	struct ip_setting s;
	assert_null(ip_setting_parse(&s, item, strlen(item)));
	const struct nic *nic = nics_of_setting(&nics, &s);
	return nic == NULL ? "none" : nic->link.ifname;
}

static int setup(void **state)
{
	(void)state;
	nics = (struct nics){0};
	add_nic("eth0.5", "\x52\x54\0\x12\x34\x56");
	add_nic("eth0", "\x52\x54\0\x12\x34\x56");
	add_nic("eth01", NULL);
	return 0;
}

static void nics_are_found_by_name_and_by_mac(void **state)
{
	(void)state;
	assert_string_equal(name_of("eth0:none"), "eth0");
	assert_string_equal(name_of("eth0.5:dhcp"), "eth0.5");
	assert_string_equal(name_of("eth0.6:dhcp"), "none");
	assert_string_equal(name_of("eth01:none"), "eth01");
	assert_string_equal(name_of("eth:none"), "none");
	assert_string_equal(name_of("52:54:00:12:34:56:none"), "eth0"); /* not its VLAN */
	assert_string_equal(name_of("00:00:00:00:00:00:none"), "none"); /* not the one without a MAC */
	assert_string_equal(name_of("dhcp"), "none");
}

static void vlans_are_on_the_nic_that_they_are_named_for(void **state)
{
	(void)state;
	assert_string_equal(nics_below(&nics, "eth0.6")->link.ifname, "eth0");
	assert_null(nics_below(&nics, "eth0"));
	assert_null(nics_below(&nics, "eth1.6"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nics_are_found_by_name_and_by_mac, setup),
		cmocka_unit_test_setup(vlans_are_on_the_nic_that_they_are_named_for, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
