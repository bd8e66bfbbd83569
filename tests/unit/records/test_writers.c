/* What a writer can write is read, and written again, as the same bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/rewrite.h"

static const struct sample {
	const struct record_field *fields;
	const char *text;
} samples[] = {
	{agent_fields, "backend=qemu\nstate=failed\nsince_ms=5\nerror=no port\nrequests=3\nrefused=0\n"
		       "last_request=\nlast_request_ms=7\n"},
	{agent_fields, "backend=vmware\nstate=waiting\nsince_ms=5\nrequests=0\nrefused=0\n"},
	{child_fields, "name=relay\nstate=running\npid=77\nsince_ms=5\nstarts=2\nrestarts=1\n"
		       "last_exit=exit status 3\nlast_exit_ms=4\nuser=relay\nmemory_limit_bytes=4096\n"
		       "processes_limit=9\nhealth=unhealthy\nhealth_since_ms=6\nport.1=1688/tcp\nport.2=53/udp\nport_state.1=listening\n"
		       "port_state.2=lost\n"},
	{child_fields,
		"name=log\nstate=waiting\nsince_ms=5\nnext_start_ms=9\nstarts=0\nrestarts=0\nuser=log\n"},
	{clock_fields, "state=synchronised\nsince_ms=5\nsource=ntp\nserver=192.0.2.1\ntold_ms=6\nstratum=3\n"
		       "offset_us=-321\nasked_origin=dhcp\nasked.1=192.0.2.1\nasked.2=ntp.example\n"},
	{collector_fields, "lines_total=40\nlimited=7\nlimited.1=relay 7\ncollector=udp://192.0.2.9:514\n"
			   "collector_origin=dhcp\nstate=sending\nsince_ms=5\npeer=192.0.2.9:514\nsent=40\n"
			   "lost=0\nqueued=0\n"},
	{tail_fields, "lines_total=2\nlines_dropped=0\nline.1=5 6 relay ready\nline.2=6 6 kernel more\n"},
	{nic_fields,
		"ifname=eth0\nifindex=2\nmac=52:54:00:12:34:56\nmtu=1500\ndriver=virtio_net\nlink=up\n"
		"dhcp4=bound\ndhcp4_mtu=1400\ndhcp4_server=192.0.2.1\ndhcp4_lease_s=600\n"
		"dhcp4_expires_ms=600000\ndhcp4_renew_ms=300000\ndhcp6=none\nra=received\n"
		"address.1=192.0.2.77/24 dhcp 600000\naddress.2=fe80::1/64 link-local forever tentative\n"
		"addresses_left_out=1\ngateway.1=192.0.2.1 dhcp 1002\ngateways_left_out=2\n"
		"no_address_since_ms=5\n"},
	{nic_fields, "ifname=eth0\nifindex=2\nmtu=1500\nlink=down\ndhcp4=bound\ndhcp4_expires_ms=forever\n"
		     "dhcp6=none\nra=none\n"},
	{relay_fields,
		"state=ready\nhint=words\nlisten.1=[::]:1688\nupstream.1=10.0.0.5:1688 down refused\n"
		"upstream_source.1=setting\nupstream.2=kms.example:1688 up\nupstream_source.2=srv:_x._tcp.a\n"
		"upstream_connect_us.2=412\nsource.1=srv:_x._tcp ok\nupstreams_left_out=0\nallow.1=on-link\n"
		"on_link.1=192.0.2.0/24\nguard=off\nconnections_now=3\nconnections_total=4\n"
		"connections_refused=1\nconnections_failed=0\nconnections_max=4096\nrefused_not_allowed=1\n"
		"refused_full=0\nrefused_client_full=0\nrefused_no_upstream=0\nrefused_guard=0\n"
		"refused_first_byte=0\nrefused_memory=0\nclosed_idle=0\nclosed_session_time=0\n"
		"closed_gave_way=0\n"
		"bytes_to_upstream=8\nbytes_to_client=9\nconnect_p50_us=500\nconnect_p99_us=2000\n"
		"session_p50_ms=20\nsession_p99_ms=100\n"},
	{resolver_fields,
		"server.1=fe80::1%eth0 ra eth0 forever\nsearch.1=branch.example dhcp4 eth0 9000\n"
		"trust=eth0, eth1\nhost_name=relay1\nntp.1=192.0.2.1\nlog_server.1=192.0.2.9\nleft_out=0\n"},
	{system_fields, "appliance=kms-relay\nversion=0.1.0\narch=x86_64\nkernel=6.12\nhostname=relay1\n"
			"hostname_origin=mac\nmachine=QEMU PC\nstate=stopping\nstopping_reason=power button\n"
			"uptime_s=7\nstarted_ms=30\nclock_unix_s=1795342800\nclock_source=ntp\n"
			"clock_ntp=synchronised\nclock_server=192.0.2.1\nclock_offset_us=-5\n"
			"memory_total_bytes=29360128\nmemory_available_bytes=17301504\nsettings_refused=2\n"
			"setting_refused.1=a\nsetting_refused.2=b\nwatchdog=none\ndebug=1\n"},
	{upstreams_fields, "setting=srv:_x._tcp,kms.example:1688\nsource.1=ok\nasked.1=_x._tcp.a\n"
			   "source.2=failed NXDOMAIN\ntarget.1=1 0 0 1688 kms.a 9000 2001:db8::1,192.0.2.1\n"
			   "left_out=0\n"},
};

static void test_written_again_it_is_the_same(void **unused)
{
	static struct record_view v;
	static struct record r;
	(void)unused;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		assert_int_equal(record_parse(&v, samples[i].text, strlen(samples[i].text)), 0);
		rewrite(&r, &v, samples[i].fields);
		assert_string_equal(r.data, samples[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written_again_it_is_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
