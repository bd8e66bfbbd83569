/* The agent is started for the port that the host has named so, and for no other; and it looks when the
 * kernel tells of such a device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "agent.h"
#include "unit/common/folder.h"

static void make_port(const char *port, const char *name)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", test_folder, port);
	mkdir(path, 0755);
	if (name == NULL)
		return;
	strcat(path, "/name");
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(name, file);
	fclose(file);
}

static void the_port_by_its_name(void **state)
{
	char name[AGENT_PORT_MAX];
	(void)state;
	assert_false(agent_find_port("/nonexistent", name));
	assert_false(agent_find_port(test_folder, name));
	make_port("vport0p0", NULL);
	make_port("vport0p1", "org.qemu.guest_agent.01\n");
	make_port("vport0p2", "com.redhat.spice.0\n");
	make_port("vport0p3", "");
	make_port("vport012345678901234567890123456789", "org.qemu.guest_agent.0\n");
	assert_false(agent_find_port(test_folder, name));
	make_port("vport1p3", "org.qemu.guest_agent.0\n");
	assert_true(agent_find_port(test_folder, name));
	assert_string_equal(name, "vport1p3");
}

static void events(void **state)
{
	static const char event[] =
		"change@/devices/pci0000:00/0000:00:04.0/virtio1/virtio-ports/vport1p1\0ACTION=change\0"
		"SUBSYSTEM=virtio-ports\0DEVNAME=vport1p1\0SEQNUM=700";
	(void)state;
	assert_true(uevent_is_about(event, sizeof(event), "virtio-ports"));
	assert_false(uevent_is_about(event, sizeof(event), "virtio"));
	assert_false(uevent_is_about(event, sizeof(event), "misc"));
	for (size_t cut = 0; cut < sizeof(event); cut++) {
		char *copy = malloc(cut + 1);
		memcpy(copy, event, cut);
		bool whole =
			cut >= (size_t)((const char *)memmem(event, sizeof(event), "DEVNAME", 7) - event);
		assert_int_equal(uevent_is_about(copy, cut, "virtio-ports"), whole);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_port_by_its_name),
		cmocka_unit_test(events),
	};
	return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
