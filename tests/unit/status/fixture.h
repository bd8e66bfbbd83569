/* States for tests, built from records' text as a writer would have written it. */
#ifndef STATUS_TEST_FIXTURE_H
#define STATUS_TEST_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "status/status.h"

enum { NOW_MS = 1000000 };

/* The view of TEXT; fails the test when TEXT is no record. */
static inline const struct record_view *view_of(const char *text)
{
	static struct record_view view;
	assert_int_equal(record_parse(&view, text, strlen(text)), 0);
	return &view;
}

static inline void add_nic(struct status *s, const char *ifname, const char *text)
{
	nic_record_read(&s->nics[s->nic_count++], ifname, view_of(text), RECORD_READ);
}

static inline void set_log_text(struct status *s, const char *text, long long total)
{
	size_t length = strlen(text);
	assert_true(length <= sizeof(s->log.lines) && log_lines_valid(text, length));
	memcpy(s->log.lines, text, length);
	log_record_read(&s->log, length, total, RECORD_READ);
}

/* A log of COUNT lines, TOTAL since boot; each says its number. */
static inline void set_log(struct status *s, unsigned count, unsigned total, const char *words)
{
	static char bytes[LOG_LINES_BYTES_MAX + 1];
	size_t used = 0;
	for (unsigned i = 1; i <= count; i++)
		used += (size_t)snprintf(bytes + used, sizeof(bytes) - used, "%u 6 relay number %u%s\n",
			i * 1000, total - count + i, words);
	assert_true(used < sizeof(bytes));
	set_log_text(s, bytes, total);
}

#define NIC_TEXT(address)                                                                                    \
	"ifname=eth0\nmac=52:54:00:12:34:56\nlink=up\ndriver=virtio_net\ndhcp4=bound\nra=received\n"         \
	"address.1=" address " dhcp 4600000\n"                                                               \
	"address.2=2001:db8:1:2:5054:ff:fe12:3456/64 slaac 87400000\n"                                       \
	"address.3=2001:db8:1:2::1f3/128 dhcp 1043000\n"                                                     \
	"address.4=fe80::5054:ff:fe12:3456/64 link-local forever\n"                                          \
	"gateway.1=192.0.2.1 dhcp 1002\ngateway.2=fe80::1 ra 1024\n"

static const char relay_text[] =
	"state=ready\nupstream.1=10.0.0.5:1688 up\nupstream_source.1=setting\nupstream_connect_us.1=412\n"
	"allow.1=on-link\non_link.1=192.0.2.0/24\non_link.2=2001:db8:1::/64\n"
	"guard=dcerpc:51c82175-844e-4750-b0d8-ec255555bc06\nconnections_now=3\n"
	"connections_total=1204\nconnections_refused=0\nconnections_max=4096\n"
	"bytes_to_upstream=1258291\nbytes_to_client=3565158\nconnect_p50_us=500\nconnect_p99_us=2000\n"
	"session_p50_ms=20\nsession_p99_ms=100\n";
static const char service_text[] = "name=relay\nstate=running\npid=77\nsince_ms=800000\nrestarts=0\n"
				   "port.1=1688/tcp\n";

/* An appliance that is well: one NIC, a relay with one upstream, 40 log lines. */
static inline void set_well(struct status *s)
{
	memset(s, 0, sizeof(*s));
	system_record_read(&s->system,
		view_of("appliance=kms-relay\nversion=0.1.0\nhostname=relay1\nstate=running\nuptime_s=1000\n"
			"clock_unix_s=1795342800\nclock_source=rtc\nmemory_total_bytes=29360128\n"
			"memory_available_bytes=17301504\nsettings_refused=0\n"),
		RECORD_READ);
	child_record_read(&s->service, "service", view_of(service_text), RECORD_READ);
	relay_record_read(&s->relay, view_of(relay_text), RECORD_READ);
	add_nic(s, "eth0", NIC_TEXT("192.0.2.77/24"));
	resolver_record_read(&s->resolver,
		view_of("server.1=192.0.2.1 dhcp4 eth0 forever\nsearch.1=branch.example dhcp4 eth0 "
			"forever\n"),
		RECORD_READ);
	set_log(s, 40, 40, "");
}

static inline void assert_has(const char *text, const char *wanted)
{
	if (strstr(text, wanted) == NULL) {
		fprintf(stderr, "expected to see: %s\ngot:\n%s", wanted, text);
		fail();
	}
}

static inline void assert_has_not(const char *text, const char *unwanted)
{
	if (strstr(text, unwanted) != NULL) {
		fprintf(stderr, "expected not to see: %s\ngot:\n%s", unwanted, text);
		fail();
	}
}

#endif
