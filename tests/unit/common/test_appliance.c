/* The facts of an image. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <linux/capability.h>

#include "appliance.h"
#include "unit/common/folder.h"

static void facts_of_the_image_are_read_and_bad_ones_replaced(void **state)
{
	static struct appliance a;
	char path[128];
	(void)state;
	snprintf(path, sizeof(path), "%s/appliance", test_folder);
	FILE *file = fopen(path, "w");
	fputs("name=dns\nversion=1\narch=x86_64\ndebug=1\nservice=dnsmasq\nhelper=resolver\nservice_sees=init "
	      "resolver\nports=53/udp 53/tcp\n"
	      "capabilities=net_bind_service\nprocesses_limit=0\n",
		file);
	fclose(file);
	appliance_read(&a, path);
	assert_string_equal(a.name, "dns");
	assert_string_equal(a.helper, "resolver");
	assert_string_equal(a.service_sees, "init resolver");
	assert_true(a.debug);
	assert_int_equal(a.port_count, 2);
	assert_string_equal(a.ports[1], "53/tcp");
	assert_true(a.capabilities == UINT64_C(1) << CAP_NET_BIND_SERVICE);
	assert_int_equal(a.processes_limit, 64);
	appliance_read(&a, "/nonexistent");
	assert_string_equal(a.name, "");
	assert_string_equal(a.helper, "");
	assert_true(a.capabilities == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_of_the_image_are_read_and_bad_ones_replaced),
	};
	return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
