/* What VMware's host is told comes through its channel whole, in the forms of open-vm-tools' guestInfo.h and
 * nicinfo.x, and a host that refuses a form gets the older one. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "guestinfo.h"
#include "records.h"

static struct facts facts;

/* A host that takes messages and keeps them; those that begin with `refused` it does not take. */
static struct {
	char message[8][GUESTINFO_MESSAGE_MAX];
	size_t length[8], count, at, answer_at;
	const char *refused, *answer;
	unsigned open;
} host;

static void host_port(struct vmware_registers *r)
{
	enum { SUCCESS = 1 << 16, TO_RECEIVE = 2 << 16 };
	unsigned type = r->ecx >> 16;
	assert_true(r->eax == 0x564d5868 && (r->ecx & 0xffff) == 30 && (r->edx & 0xffff) == 0x5658);
	r->ecx = SUCCESS;
	if (type == 0) {
		r->edx = 3 << 16;
		host.open++;
		host.at = host.answer_at = 0;
	} else if (type == 1) {
		assert_true(r->ebx <= sizeof(host.message[0]) && host.count < 8);
		host.length[host.count] = r->ebx;
	} else if (type == 2) {
		memcpy(host.message[host.count] + host.at, &r->ebx, 4);
		host.at += 4;
	} else if (type == 3) {
		assert_int_equal(host.at, (host.length[host.count] + 3) & ~(size_t)3);
		const char *message = host.message[host.count++];
		bool takes =
			host.refused == NULL || strncmp(message, host.refused, strlen(host.refused)) != 0;
		host.answer = takes ? "1 " : "0 Unknown";
		r->ebx = (uint32_t)strlen(host.answer);
		r->ecx = SUCCESS | TO_RECEIVE;
	} else if (type == 4) {
		r->ebx = 0;
		memcpy(&r->ebx, host.answer + host.answer_at, strnlen(host.answer + host.answer_at, 4));
		host.answer_at += 4;
	} else if (type == 6) {
		host.open--;
	}
}

static bool tell(const char *refused)
{
	memset(&host, 0, sizeof(host));
	host.refused = refused;
	bool all = guestinfo_tell(&facts, host_port);
	assert_int_equal(host.open, 0);
	return all;
}

static void all_of_it(void **state)
{
	char name[128] = "SetGuestInfo  1 ";
	(void)state;
	write_records();
	assert_true(tell(NULL));
	assert_int_equal(host.count, 5);
	gethostname(name + strlen(name), 64);
	strcat(name, ".example.org");
	assert_string_equal(host.message[0], name);
	assert_int_equal(host.length[0], strlen(name) + 1);
	assert_memory_equal(
		host.message[1], "SetGuestInfo  5 Thimble " THIMBLE_VERSION " kms-relay, Linux ", 43);
	assert_string_equal(host.message[2], "SetGuestInfo  6 other6xlinux-64");
	assert_memory_equal(host.message[3], "SetGuestInfo  10 ", 17);
	assert_memory_equal(host.message[4], "info-set guestinfo.ip 192.0.2.5", host.length[4]);
	assert_int_equal(host.length[4], 31);
}

/* Reads XDR again, by the lines of nicinfo.x. */
static const char *xdr;

static uint32_t number(void)
{
	uint32_t big;
	memcpy(&big, xdr, 4);
	xdr += 4;
	return ntohl(big);
}

static void address(int family, const char *text, uint32_t prefix_length, uint32_t origin, uint32_t status)
{
	char found[INET6_ADDRSTRLEN];
	assert_int_equal(number(), family == AF_INET ? 1 : 2);
	uint32_t length = number();
	assert_int_equal(length, family == AF_INET ? 4 : 16);
	assert_string_equal(inet_ntop(family, xdr, found, sizeof(found)), text);
	xdr += length;
	assert_int_equal(number(), prefix_length);
	assert_int_equal(number(), 1);
	assert_int_equal(number(), origin);
	assert_int_equal(number(), 1);
	assert_int_equal(number(), status);
}

static void nic(const char *mac, uint32_t addresses)
{
	assert_int_equal(number(), 17);
	assert_memory_equal(xdr, mac, 17);
	xdr += 20;
	assert_int_equal(number(), addresses);
}

static void zeros(int count)
{
	while (count-- > 0)
		assert_int_equal(number(), 0);
}

static void nics_in_xdr(void **state)
{
	(void)state;
	write_records();
	write_lines("net", "tun0", "address.1=203.0.113.5/24 static forever\n"); /* it has no MAC: left out */
	assert_true(tell(NULL));
	xdr = host.message[3] + 17;
	assert_int_equal(number(), 3);
	assert_int_equal(number(), 1);
	assert_int_equal(number(), 2);
	nic("00:15:5d:00:00:01", 3);
	address(AF_INET, "192.0.2.5", 24, 4, 1);
	address(AF_INET6, "2001:db8::5", 64, 5, 1);
	address(AF_INET6, "fe80::1", 64, 5, 1);
	zeros(4);
	nic("00:15:5d:00:00:02", 1);
	address(AF_INET, "198.51.100.7", 31, 2, 2);
	zeros(4);
	zeros(5);
	assert_ptr_equal(xdr, host.message[3] + host.length[3]);
}

static void hosts_that_refuse(void **state)
{
	(void)state;
	write_records();
	assert_true(tell("SetGuestInfo  10"));
	assert_int_equal(host.count, 6);
	assert_memory_equal(host.message[4], "SetGuestInfo  9 ", 16);
	assert_int_equal(host.length[4], host.length[3] - 1);
	assert_false(tell("SetGuestInfo  6"));
	assert_int_equal(host.count, 5); /* the rest is told all the same */
	assert_false(tell("SetGuestInfo"));
	assert_false(tell("info-set"));
}

static void no_address_yet(void **state)
{
	(void)state;
	folder_teardown(state);
	folder_setup(state);
	assert_true(tell(NULL));
	assert_int_equal(host.count, 4);
	assert_int_equal(host.length[3], 17 + 8 * 4);
}

/* Whole NICs, however little room there is, and never a byte more. */
static void as_much_as_fits(void **state)
{
	char name[16], lines[96];
	(void)state;
	for (int i = 10; i < 30; i++) {
		snprintf(name, sizeof(name), "eth%d", i);
		snprintf(lines, sizeof(lines),
			"mac=00:15:5d:00:00:%d\naddress.1=192.0.2.%d/24 dhcp forever\n", i, i);
		write_lines("net", name, lines);
	}
	facts_begin(&facts);
	for (size_t size = 64; size < 1600; size++) {
		char *out = malloc(size);
		size_t length = guestinfo_nics(&facts, out, size);
		assert_true(length <= size && length % 4 == 0);
		xdr = out + 8;
		uint32_t count = number();
		assert_true(count <= GUESTINFO_NICS_MAX);
		assert_int_equal(length, 12 + count * (24 + 4 + 32 + 16) + 20);
		assert_true(count == GUESTINFO_NICS_MAX || size < 12 + (count + 1) * 76 + 20);
		free(out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it),
		cmocka_unit_test(nics_in_xdr),
		cmocka_unit_test(hosts_that_refuse),
		cmocka_unit_test(no_address_yet),
		cmocka_unit_test(as_much_as_fits),
	};
	return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
