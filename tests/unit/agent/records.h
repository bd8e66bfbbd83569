/* Records of a guest with two NICs, in a folder of the test's own. */
#ifndef THIMBLE_TEST_RECORDS_H
#define THIMBLE_TEST_RECORDS_H

#include "common/record.h"
#include "unit/common/folder.h"

static inline void write_lines(const char *writer, const char *name, const char *lines)
{
	char path[256];
	record_make_folder(writer);
	snprintf(path, sizeof(path), "%s/%s/%s", test_folder, writer, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(lines, file);
	fclose(file);
}

static inline void write_records(void)
{
	write_lines("init", "system", "appliance=kms-relay\nhostname=relay1\n");
	write_lines("net", "eth0",
		"ifname=eth0\nmac=00:15:5d:00:00:01\nlink=up\ndhcp4=bound\n"
		"address.1=192.0.2.5/24 dhcp forever\n"
		"address.2=2001:db8::5/64 slaac forever\n"
		"address.3=2001:db8::6/64 slaac forever tentative\n"
		"address.4=2001:db8::7/64 slaac forever deprecated,dadfailed\n"
		"address.5=fe80::1/64 link-local forever\n"
		"gateway.1=192.0.2.1 dhcp 1002\ngateway.2=fe80::2 ra 1024\n");
	write_lines("net", "eth1",
		"ifname=eth1\nmac=00:15:5d:00:00:02\nlink=up\ndhcp4=off\n"
		"address.1=198.51.100.7/31 static forever deprecated\n");
	write_lines("net", "resolver",
		"server.1=192.0.2.53 dhcp4 eth0 86400000\nserver.2=fe80::53%eth0 ra eth0 forever\n"
		"search.1=example.org dhcp4 eth0 86400000\n");
}

#endif
