/* VMware's host is told at the start and when a record has changed; when it takes nothing it is told again,
 * when its backdoor faults it is left alone. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "back_end.h"
#include "state.h"
#include "common/vmware.h"
#include "records.h"

enum { DEADLINE_MS = 20000 };

/* The host, in memory that the agent's child writes to as well. */
static struct host {
	enum { TAKES, REFUSES, FAULTS } behaviour;
	unsigned opened;  /* channels in all */
	char address[64]; /* the last guestinfo.ip */
	char request[32768];
	size_t size, at;
} * host;

void __wrap_vmware_machine_port(struct vmware_registers *r);
void __wrap_vmware_machine_port(struct vmware_registers *r)
{
	enum { SUCCESS = 1 << 16, TO_RECEIVE = 2 << 16 };
	static const char set[] = "info-set guestinfo.ip ";
	unsigned type = r->ecx >> 16;
	if (host->behaviour == FAULTS) {
		signal(SIGSEGV, SIG_DFL);
		raise(SIGSEGV);
	}
	r->ecx = SUCCESS;
	if (type == 0) {
		*r = (struct vmware_registers){.ecx = SUCCESS};
		host->opened++;
	} else if (type == 1) {
		host->size = r->ebx;
		host->at = 0;
	} else if (type == 2) {
		memcpy(host->request + host->at, &r->ebx, 4);
		host->at += 4;
	} else if (type == 3) {
		host->request[host->size] = '\0';
		if (strncmp(host->request, set, strlen(set)) == 0)
			snprintf(host->address, sizeof(host->address), "%.63s", host->request + strlen(set));
		*r = (struct vmware_registers){.ecx = SUCCESS | TO_RECEIVE, .ebx = 2};
	} else if (type == 4) {
		memcpy(&r->ebx, host->behaviour == REFUSES ? "0 \0" : "1 \0", 4);
	}
}

static struct loop loop;

static int setup(void **state)
{
	host = mmap(NULL, sizeof(*host), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return host == MAP_FAILED ? -1 : folder_setup(state);
}

static const char *recorded(const char *key)
{
	static struct record_view v;
	record_read(&v, "agent", "state");
	const char *value = record_get(&v, key);
	return value == NULL ? "" : value;
}

static void run_until(const char *key, const char *value)
{
	int64_t end_ms = now_ms() + DEADLINE_MS;
	while (strcmp(recorded(key), value) != 0) {
		if (now_ms() > end_ms)
			fail_msg("%s is %s, expected %s", key, recorded(key), value);
		loop_once(&loop, 100);
	}
}

static void run_until_told(const char *address)
{
	int64_t end_ms = now_ms() + DEADLINE_MS;
	while (strcmp(host->address, address) != 0) {
		if (now_ms() > end_ms)
			fail_msg("told %s, expected %s", host->address, address);
		loop_once(&loop, 100);
	}
}

static void change_address(const char *address)
{
	char lines[128], from[128], to[128];
	snprintf(lines, sizeof(lines), "mac=00:15:5d:00:00:01\naddress.1=%s/24 dhcp forever\n", address);
	write_lines("net", "eth0.new", lines);
	snprintf(from, sizeof(from), "%s/net/eth0.new", test_folder);
	snprintf(to, sizeof(to), "%s/net/eth0", test_folder);
	assert_int_equal(rename(from, to), 0);
}

/* One life of the agent, for it has but one. */
static void told_and_told_again(void **state)
{
	(void)state;
	write_records();
	record_make_folder("agent");
	assert_int_equal(loop_init(&loop), 0);
	state_begin(&loop, "vmware");
	vmware_start(&loop, NULL);
	run_until("state", "connected");
	assert_string_equal(host->address, "192.0.2.5");
	assert_int_equal(host->opened, 5);
	assert_string_equal(recorded("last_request"), "SetGuestInfo");

	change_address("192.0.2.77");
	run_until_told("192.0.2.77");

	host->behaviour = REFUSES;
	change_address("192.0.2.78");
	run_until("state", "failed");
	assert_string_equal(recorded("error"), "the host does not take it");
	host->behaviour = TAKES;
	change_address("192.0.2.79");
	run_until_told("192.0.2.79");
	run_until("state", "connected");
	assert_string_equal(recorded("error"), "");

	host->behaviour = FAULTS;
	change_address("192.0.2.80");
	run_until("error", "the backdoor is closed");
	host->behaviour = TAKES;
	unsigned opened = host->opened;
	change_address("192.0.2.81");
	while (loop.timers != NULL) /* the record's, at most */
		loop_once(&loop, -1);
	assert_int_equal(host->opened, opened);
	loop_free(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(told_and_told_again),
	};
	return cmocka_run_group_tests(tests, setup, folder_teardown);
}
