/* What hypervisors hand over: SMBIOS' OEM strings, VMware's guestinfo, an OVF environment; whole, cut, and
 * lying. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/record.h"
#include "ovf.h"
#include "setting_sources.h"
#include "smbios.h"
#include "unit/common/folder.h"
#include "vmware.h"

static char taken[8][64];
static unsigned taken_count;

static void take(const char *string, size_t length, unsigned number, void *data)
{
	assert_ptr_equal(data, taken);
	assert_int_equal(number, taken_count + 1);
	assert_true(taken_count < 8 && length < sizeof(taken[0]));
	memcpy(taken[taken_count], string, length);
	taken[taken_count++][length] = '\0';
}

static void oem_strings(void **state)
{
	static const char structure[] = "\x0b\x05\x00\x0b\x03vendor\0thimble:hostname=a\0x\0";
	const size_t length = sizeof(structure);
	(void)state;
	taken_count = 0;
	smbios_each_oem_string((const uint8_t *)structure, length, take, taken);
	assert_int_equal(taken_count, 3);
	assert_string_equal(taken[1], "thimble:hostname=a");
	assert_string_equal(taken[2], "x");
	/* Cut anywhere: what is whole before it, nothing else. Of its own size, so that a byte too far is
	 * seen. */
	for (size_t cut = 0; cut < length; cut++) {
		uint8_t *copy = malloc(cut == 0 ? 1 : cut);
		memcpy(copy, structure, cut);
		taken_count = 0;
		smbios_each_oem_string(copy, cut, take, taken);
		assert_true(taken_count <= 3 && (cut >= 12 || taken_count == 0));
		free(copy);
	}
}

static void oem_strings_that_lie(void **state)
{
	static const uint8_t other_type[] = "\x01\x05\x00\x0b\x01"
					    "a",
			     long_header[] = "\x0b\xff\x00\x0b\x01"
					     "a",
			     short_header[] = "\x0b\x04\x00\x0b\x01"
					      "a",
			     fewer[] = "\x0b\x05\x00\x0b\xff"
				       "a\0b\0";
	(void)state;
	taken_count = 0;
	smbios_each_oem_string(other_type, sizeof(other_type), take, taken);
	smbios_each_oem_string(long_header, sizeof(long_header), take, taken);
	smbios_each_oem_string(short_header, sizeof(short_header), take, taken);
	assert_int_equal(taken_count, 0);
	smbios_each_oem_string(fewer, sizeof(fewer), take, taken);
	assert_int_equal(taken_count, 2);
}

/* --- A hypervisor that speaks RPCI, strictly: each step in order, each cookie right
 * ------------------------------- */

static struct {
	const char *expected, *answer;
	char request[128];
	size_t request_size, request_at, answer_at,
		lie; /* lie: added to the size of the answer that it tells */
	unsigned opened, received, closed, steps, broken_at; /* broken_at: the step that fails */
} host;
static bool silent; /* it has no answer to a request */

static void host_port(struct vmware_registers *r)
{
	enum { SUCCESS = 1 << 16, TO_RECEIVE = 2 << 16 };
	unsigned type = r->ecx >> 16;
	size_t length = strlen(host.answer);
	assert_int_equal(r->eax, 0x564d5868);
	assert_int_equal(r->ecx & 0xffff, 30);
	assert_int_equal(r->edx & 0xffff, 0x5658);
	r->ecx = 0;
	if (++host.steps == host.broken_at)
		return;
	if (type == 0) {
		assert_int_equal(r->ebx, 0x49435052u | 0x80000000u);
		host.opened++;
		*r = (struct vmware_registers){
			.ecx = SUCCESS, .edx = 7 << 16 | 0x1234, .esi = 0x1111, .edi = 0x2222};
		return;
	}
	assert_int_equal(r->edx >> 16, 7);
	if (type == 4 || type == 5)
		assert_int_equal(r->ebx, 1); /* what came before was received */
	assert_true(r->esi == 0x1111 && r->edi == 0x2222);
	if (type == 1)
		host.request_size = r->ebx;
	if (type == 2) {
		assert_true(host.request_at + 4 <= sizeof(host.request));
		memcpy(host.request + host.request_at, &r->ebx, 4);
		host.request_at += 4;
	}
	if (type == 3) {
		assert_true(host.request_at >= host.request_size);
		host.request[host.request_size] = '\0';
		assert_string_equal(host.request, host.expected);
		r->ebx = (uint32_t)(length + host.lie);
		r->ecx = silent ? SUCCESS : SUCCESS | TO_RECEIVE;
		return;
	}
	if (type == 4) {
		r->ebx = 0x20202020;
		if (host.answer_at < length)
			memcpy(&r->ebx, host.answer + host.answer_at,
				length - host.answer_at < 4 ? length - host.answer_at : 4);
		host.answer_at += 4;
	}
	host.received += type == 5;
	host.closed += type == 6;
	r->ecx = SUCCESS;
}

static ssize_t ask(const char *answer, size_t lie, unsigned broken_at, char *value, size_t size)
{
	memset(&host, 0, sizeof(host));
	host.expected = "info-get guestinfo.thimble.config";
	host.answer = answer;
	host.lie = lie;
	host.broken_at = broken_at;
	return vmware_ask(host_port, "thimble.config", value, size);
}

static void guestinfo(void **state)
{
	char value[64];
	(void)state;
	assert_int_equal(ask("1 hostname=a\nmtu=9000\n", 0, 0, value, sizeof(value)), 20);
	assert_string_equal(value, "hostname=a\nmtu=9000\n");
	assert_true(host.opened == 1 && host.received == 1 && host.closed == 1);
	assert_int_equal(ask("0 No value found", 0, 0, value, sizeof(value)), -1);
	assert_int_equal(host.closed, 1);
	assert_int_equal(ask("1 ", 0, 0, value, sizeof(value)), 0);
	assert_int_equal(ask("", 0, 0, value, sizeof(value)), -1);
	assert_int_equal(ask("1", 0, 0, value, sizeof(value)), -1);
	/* With its NUL or not at all. */
	assert_int_equal(ask("1 hostname=a", 0, 0, value, strlen("1 hostname=a")), -1);
	assert_int_equal(ask("1 hostname=a", 0, 0, value, sizeof("1 hostname=a")), 10);
	assert_int_equal(ask("1 hostname=a", 0x7fffff00, 0, value, sizeof(value)), -1);
	assert_int_equal(host.closed, 1);
}

static void guestinfo_that_breaks_off(void **state)
{
	char value[64];
	(void)state;
	ask("1 hostname=a", 0, 0, value, sizeof(value));
	unsigned steps = host.steps;
	silent = true;
	assert_int_equal(ask("1 hostname=a", 0, 0, value, sizeof(value)), -1);
	assert_true(host.opened == 1 && host.closed == 1);
	silent = false;
	for (unsigned step = 1; step < steps; step++) {
		assert_int_equal(ask("1 hostname=a", 0, step, value, sizeof(value)), -1);
		assert_int_equal(host.opened, step > 1);
		assert_int_equal(host.closed, step > 1); /* whatever happened: the host has few channels */
	}
}

/* --- OVF
 * ------------------------------------------------------------------------------------------------------------
 */

static const char environment[] =
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	"<Environment xmlns=\"http://schemas.dmtf.org/ovf/environment/1\" "
	"xmlns:oe=\"http://schemas.dmtf.org/ovf/environment/1\"\n"
	"  oe:id=\"\">\n"
	"  <PlatformSection><Kind>VMware ESXi</Kind></PlatformSection>\n"
	"  <PropertySection>\n"
	"    <Property oe:key=\"thimble.config\" oe:value=\"relay.upstream=a:1;service.args=&quot;x &gt; "
	"y&quot; &amp;&#10;mtu=9000\"/>\n"
	"    <Property oe:value='relay1' oe:key='thimble.hostname'/>\n"
	"    <Property oe:key=\"thimble.empty\" oe:value=\"\"/>\n"
	"    <Property oe:key=\"thimble.bad\" oe:value=\"&nbsp;\"/>\n"
	"  </PropertySection>\n"
	"</Environment>\n";

static void ovf_properties(void **state)
{
	char value[128];
	(void)state;
	assert_true(ovf_property(environment, "thimble.config", value, sizeof(value)) > 0);
	assert_string_equal(value, "relay.upstream=a:1;service.args=\"x > y\" &\nmtu=9000");
	assert_int_equal(ovf_property(environment, "thimble.hostname", value, sizeof(value)), 6);
	assert_string_equal(value, "relay1");
	assert_int_equal(ovf_property(environment, "thimble.empty", value, sizeof(value)), 0);
	assert_int_equal(ovf_property(environment, "thimble.bad", value, sizeof(value)), -1);
	assert_int_equal(ovf_property(environment, "thimble", value, sizeof(value)), -1);
	assert_int_equal(ovf_property(environment, "thimble.config", value, 10), -1);
	assert_int_equal(ovf_property("", "thimble.config", value, sizeof(value)), -1);
}

static void a_cut_environment_does_no_harm(void **state)
{
	char value[128];
	(void)state;
	for (size_t cut = 0; cut < sizeof(environment); cut++) {
		char *copy = malloc(cut + 1);
		memcpy(copy, environment, cut);
		copy[cut] = '\0';
		ssize_t length = ovf_property(copy, "thimble.hostname", value, sizeof(value));
		assert_true(length == -1 || length == 6);
		free(copy);
	}
}

/* --- Hyper-V, through the agent's record
 * ---------------------------------------------------------------------------- */

static void pairs_of_the_agent(void **state)
{
	static struct record r;
	static struct settings s;
	(void)state;
	assert_int_equal(record_make_folder("agent"), 0);
	record_begin(&r);
	record_add(&r, "hostname", "relay1");
	record_add(&r, "relay.upstream", "%s", "kms.example.org:1688\nrelay.allow=0.0.0.0/0");
	record_add(&r, "no.such", "x");
	assert_int_equal(record_commit(&r, "agent", "settings"), 0);
	settings_read(&s);
	assert_string_equal(config_get(&s.config, CONFIG_HOSTNAME), "relay1");
	assert_string_equal(config_origin(&s.config, CONFIG_HOSTNAME), "Hyper-V");
	assert_string_equal(config_get(&s.config, CONFIG_RELAY_UPSTREAM), "");
	/* There is no appliance here: without its settings nobody may come. */
	assert_string_equal(config_get(&s.config, CONFIG_RELAY_ALLOW), "none");
	assert_string_equal(config_origin(&s.config, CONFIG_RELAY_ALLOW), "appliance");
	assert_int_equal(s.config.refused, 2);
	assert_string_equal(s.refused[1], "setting refused, from Hyper-V: \"no.such\" is no setting");
}

/* No host can write it, but the agent's user could. */
static void a_pair_that_is_too_long_is_refused_alone(void **state)
{
	static struct settings s;
	static char text[16500];
	struct iovec record = {.iov_base = text, .iov_len = sizeof(text)};
	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "hostname=", strlen("hostname="));
	memcpy(text + sizeof(text) - strlen("\nsearch=example.org\n"), "\nsearch=example.org\n",
		strlen("\nsearch=example.org\n"));
	assert_int_equal(record_make_folder("agent"), 0);
	assert_int_equal(record_write_file("agent", "settings", &record, 1), 0);
	settings_read(&s);
	assert_string_equal(config_get(&s.config, CONFIG_SEARCH), "example.org");
	assert_int_equal(s.config.refused, 1);
	assert_string_equal(s.refused[0], "setting refused, from Hyper-V: a pair of more than 16382 bytes, "
					  "nobody may come until it is right");
}

static void pairs_that_cannot_be_read_are_told(void **state)
{
	static struct settings s;
	struct iovec torn = {
		.iov_base = (char *)"hostname=relay1\nmtu", .iov_len = strlen("hostname=relay1\nmtu")};
	(void)state;
	assert_int_equal(record_write_file("agent", "settings", &torn, 1), 0);
	settings_read(&s);
	assert_int_equal(s.config.refused, 1);
	assert_string_equal(s.refused[0], "setting refused, from Hyper-V: the record agent/settings cannot "
					  "be read, nobody may come until it is right");
	assert_string_equal(config_get(&s.config, CONFIG_RELAY_ALLOW), "none");
	assert_int_equal(record_remove("agent", "settings"), 0);
	settings_read(&s);
	assert_int_equal(s.config.refused, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(oem_strings),
		cmocka_unit_test(oem_strings_that_lie),
		cmocka_unit_test(guestinfo),
		cmocka_unit_test(guestinfo_that_breaks_off),
		cmocka_unit_test(ovf_properties),
		cmocka_unit_test(a_cut_environment_does_no_harm),
		cmocka_unit_test(pairs_of_the_agent),
		cmocka_unit_test(a_pair_that_is_too_long_is_refused_alone),
		cmocka_unit_test(pairs_that_cannot_be_read_are_told),
	};
	return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
