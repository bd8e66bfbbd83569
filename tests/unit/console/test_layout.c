/* The model fits every size of screen; what does not fit is counted and paged, never cut in silence. */
#include "fixture.h"

#include "common/config.h"
#include "layout.h"
#include "status/load.h"

static struct status state;
static struct grid grid;
static struct layout_request request;
static struct layout_result result;

static const char *draw(int columns, int rows)
{
	request.now_ms = NOW_MS;
	grid_reset(&grid, columns, rows);
	layout_draw(&grid, &state, &request, &result);
	return text_of(&grid);
}

static int setup(void **unused)
{
	(void)unused;
	set_well(&state);
	request = (struct layout_request){.view = VIEW_STATUS};
	return 0;
}

static void test_one_nic_fits(void **unused)
{
	static const int sizes[][2] = {{80, 24}, {80, 25}, {100, 30}, {132, 43}, {160, 50}, {240, 100}};
	static const char *const wanted[] = {
		" kms-relay 0.1.0 ",
		" relay1 \n",
		" Ready: relay to 10.0.0.5:1688 ",
		" Service   relay running for 3 min 20 s, pid 77, port 1688/tcp, 0 restarts",
		" Relay     ready, 3 connections now of 4096, 1204 in all, 0 refused, 0 failed",
		" Upstream  up    10.0.0.5:1688, 0.41 ms",
		" Traffic   1.2 MiB up, 3.4 MiB down; connect 0.5/2 ms, session 20/100 ms",
		" Allowed   on-link: 192.0.2.0/24, 2001:db8:1::/64; guard dcerpc",
		" System    up 16 min 40 s, clock 2026-11-22 10:20:00 UTC (rtc)",
		" Memory    16.5 MiB free of 28.0 MiB, 11.5 MiB used",
		" DNS       192.0.2.1 (dhcp4); search branch.example",
		" eth0      UP  52:54:00:12:34:56  virtio_net  DHCP bound",
		"           192.0.2.77/24                      dhcp        1 h 0 min left",
		"           2001:db8:1:2:5054:ff:fe12:3456/64  slaac       1 d 0 h left",
		"           fe80::5054:ff:fe12:3456/64         link-local ",
		"           gateway 192.0.2.1 (dhcp), fe80::1 (ra)",
		"40.000 relay      number 40 ",
		" l log  c settings  Enter refresh  r restart service  p power off ",
	};
	(void)unused;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const char *text = draw(sizes[i][0], sizes[i][1]);
		for (size_t j = 0; j < sizeof(wanted) / sizeof(wanted[0]); j++)
			assert_has(text, wanted[j]);
		assert_int_equal(result.pages, 1);
	}
}

static void set_clock(const char *lines)
{
	char text[400];
	snprintf(text, sizeof(text), "uptime_s=1000\nclock_unix_s=1795342800\n%s", lines);
	system_record_read(&state.system, view_of(text), RECORD_READ);
}

/* What the clock goes by stands beside it, or below it where a screen is too narrow. */
static void test_source_of_the_clock(void **unused)
{
	(void)unused;
	set_clock("clock_source=ntp\nclock_ntp=synchronised\nclock_server=192.0.2.1\nclock_offset_us=321\n");
	assert_has(draw(160, 50), ", clock 2026-11-22 10:20:00 UTC (ntp 192.0.2.1, +0.3 ms)");
	assert_has(draw(80, 25), " 10:20:00 UTC  ");
	assert_has(draw(80, 25), "\n           ntp 192.0.2.1, +0.3 ms ");
	set_clock("clock_source=ntp\nclock_ntp=synchronised\nclock_server=2001:db8::123:4567:89ab\nclock_"
		  "offset_us=-12960\n");
	assert_has(draw(80, 25), "\n           ntp 2001:db8::123:4567:89ab, -13.0 ms ");
	set_clock("clock_source=ntp\nclock_ntp=set\nclock_server=192.0.2.1\n");
	assert_has(draw(80, 25), " UTC (ntp 192.0.2.1) ");
	set_clock("clock_source=ntp\nclock_ntp=lost\nclock_server=192.0.2.1\n");
	assert_has(draw(80, 25), "ntp 192.0.2.1, no answer any more ");
	set_clock("clock_source=rtc\nclock_ntp=asking\n");
	assert_has(draw(80, 25), "rtc, no answer from time servers yet ");
	set_clock("clock_source=rtc\nclock_ntp=no servers\n");
	assert_has(draw(80, 25), " UTC (rtc) ");
	set_clock("clock_source=none\nclock_ntp=no servers\n");
	assert_has(draw(160, 50), "\n           not set by any source, NTP: no servers ");
	/* What is no number is not shown. */
	set_clock("clock_source=ntp\nclock_server=192.0.2.1\nclock_offset_us=-1e9\n");
	assert_has(draw(80, 25), " UTC (ntp 192.0.2.1) ");
}

static void set_syslog(const char *text)
{
	collector_record_read(&state.collector, view_of(text), RECORD_READ);
}

static void set_agent(const char *text)
{
	agent_record_read(&state.agent, view_of(text), RECORD_READ);
}

static void set_setting(const char *text)
{
	state.settings.status = RECORD_READ;
	assert_int_equal(record_parse(&state.settings.view, text, strlen(text)), 0);
}

/* Where the status page is, while it is there. */
static void test_status_page(void **unused)
{
	(void)unused;
	set_setting("status-port=80\n");
	assert_has_not(draw(100, 30), " Page ");
	child_record_read(&state.children[state.child_count++], "web", view_of("name=web\nstate=running\n"),
		RECORD_READ);
	assert_has(draw(100, 30), "\n Page      http://192.0.2.77/ ");
	assert_has_not(draw(80, 25), " Page ");
	set_setting("status-port=8080\n");
	assert_has(draw(100, 30), "\n Page      http://192.0.2.77:8080/ ");
	state.nic_count = 0;
	add_nic(&state, "eth0", NIC_TEXT("2001:db8::77/64"));
	assert_has(draw(100, 30), "\n Page      http://[2001:db8::77]:8080/ ");
	state.nic_count = 0;
	assert_has_not(draw(100, 30), " Page ");
}

/* A single address has no neighbours, and status-allow is on-link unless it is set. */
static void test_status_page_that_nobody_may_see(void **unused)
{
	static const char link_local[] = "address.2=fe80::5054:ff:fe12:3456/64 link-local forever\n";
	static const struct {
		const char *address, *ra;
		bool alone;
	} cases[] = {
		{"203.0.113.76/32", "none", true},
		{"10.1.2.3/0", "none", true},
		{"10.1.2.3/7", "none", true},
		{"10.1.2.3/8", "none", false},
		{"203.0.113.76/31", "none", false},
		{"2001:db8::77/128", "off", true},
		{"2001:db8::77/128", "received", false}, /* of DHCPv6, in a prefix that the router tells */
		{"2001:db8::77/64", "received", false},
	};
	char text[256];
	(void)unused;
	child_record_read(&state.children[state.child_count++], "web", view_of("name=web\nstate=running\n"),
		RECORD_READ);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		state.nic_count = 0;
		snprintf(text, sizeof(text), "ifname=eth0\nlink=up\nra=%s\naddress.1=%s dhcp 4600000\n%s",
			cases[i].ra, cases[i].address, link_local);
		add_nic(&state, "eth0", text);
		set_setting("status-port=80\nstatus-allow=on-link\n");
		const char *screen = draw(80, 25);
		bool told = strstr(screen, "/, no network is on-link: set status-allow") != NULL;
		if (told != cases[i].alone)
			fail_msg("%s, ra %s: expected %d, got:\n%s", cases[i].address, cases[i].ra,
				cases[i].alone, screen);
		set_setting("status-port=80\nstatus-allow=192.0.2.0/24\n");
		assert_has_not(draw(100, 30), "set status-allow");
	}
}

/* Who is told of the appliance: one row where both are well and it fits, else a row each. */
static void test_collector_and_hypervisor(void **unused)
{
	(void)unused;
	assert_has_not(draw(80, 25), " Syslog ");
	assert_has_not(draw(80, 25), " Agent ");
	set_syslog("state=no collector\nsent=0\nlost=0\n");
	assert_has_not(draw(80, 25), " Syslog ");
	assert_has(draw(80, 30), " Syslog    no collector ");
	set_syslog(
		"state=sending\ncollector=udp://192.0.2.9:514\ncollector_origin=dhcp\nsent=1204\nlost=0\n");
	assert_has(draw(80, 25), " Syslog    sending to udp://192.0.2.9:514 (dhcp), 1204 lines  ");
	set_agent("backend=qemu\nstate=connected\nrequests=1\n");
	assert_has(draw(100, 25),
		" Syslog    sending to udp://192.0.2.9:514 (dhcp), 1204 lines; agent: qemu connected, 1 "
		"request ");
	assert_has(draw(80, 25), "\n Agent     qemu connected, 1 request ");
	assert_has(draw(100, 30), "\n Agent     qemu connected, 1 request ");
	assert_has(draw(80, 24), "40.000 relay      number 40 ");
	set_agent("backend=vmware\nstate=failed\nrequests=0\nerror=no such channel\n");
	assert_has(draw(160, 25), "1204 lines  ");
	assert_has(draw(160, 25), "\n Agent     vmware failed, 0 requests: no such channel ");
	set_agent("backend=qemu\nstate=waiting\nrequests=0\n");
	assert_has(draw(160, 25), "; agent: qemu has not asked yet ");
	set_syslog("state=failed\ncollector=tcp://log.example.org:514\ncollector_origin=setting\nsent=7\n"
		   "lost=31\nerror=Connection refused\n");
	assert_has(draw(160, 25), " Syslog    failed: tcp://log.example.org:514 (setting), 7 lines, 31 lost: "
				  "Connection refused ");
	assert_int_equal(result.pages, 1);
	set_agent("backend=qemu\nstate=connected\nrequests=9\nrefused=2\nlast_request=guest-ping\n"
		  "last_request_ms=997000\n");
	assert_has(draw(160, 30),
		" Agent     qemu connected, 9 requests, 2 refused, the last guest-ping 3 s ago ");
	collector_record_read(&state.collector, NULL, RECORD_UNREADABLE);
	agent_record_read(&state.agent, NULL, RECORD_UNREADABLE);
	assert_has(draw(80, 25), " Syslog    its record is unreadable ");
	assert_has(draw(80, 25), " Agent     its record is unreadable ");
}

static void test_too_small_shows_the_verdict(void **unused)
{
	(void)unused;
	state.nic_count = 0;
	add_nic(&state, "eth0", "link=up\ndhcp4=discover\n");
	const char *text = draw(40, 10);
	assert_has(text, "Not ready: no address yet on eth0");
	assert_has(text, "40x10 is too small for the rest");
}

static void test_any_size_is_safe(void **unused)
{
	(void)unused;
	for (int view = VIEW_STATUS; view <= VIEW_LOG; view++)
		for (int columns = 0; columns <= 250; columns += columns < 90 ? 1 : 20)
			for (int rows = 0; rows <= 110; rows += rows < 30 ? 1 : 20) {
				request.view = (enum view)view;
				request.prompt = rows % 2 ? NULL : "Power off? y/n (10 s)";
				draw(columns, rows);
			}
}

static void add_nics(int count)
{
	state.nic_count = 0;
	for (int i = 0; i < count; i++) {
		char ifname[24];
		snprintf(ifname, sizeof(ifname), "eth%d", i);
		add_nic(&state, ifname, NIC_TEXT("192.0.2.77/24"));
	}
}

/* Each NIC stands on exactly one page, whole, and each page counts those after it. */
static void test_nics_are_counted_and_paged(void **unused)
{
	int seen = 0;
	(void)unused;
	add_nics(12);
	for (int page = 0; page == 0 || page < result.pages; page++) {
		char wanted[64];
		request.page = page;
		const char *text = draw(80, 25);
		for (int i = 0; i < 12; i++) {
			snprintf(wanted, sizeof(wanted), "\n eth%d ", i);
			seen += strstr(text, wanted) != NULL;
		}
		if (page < result.pages - 1)
			snprintf(wanted, sizeof(wanted), " %d more NIC%s: n ", 12 - seen,
				seen == 11 ? "" : "s");
		else
			snprintf(wanted, sizeof(wanted), "number 40 ");
		assert_has(text, wanted);
		snprintf(wanted, sizeof(wanted), "page %d of %d", page + 1, result.pages);
		assert_has(text, wanted);
		assert_has(text, "n next");
	}
	assert_int_equal(seen, 12);
	request.page = result.pages;
	draw(80, 25);
	assert_int_equal(result.page, 0);
}

static void test_dns_servers_name_their_nic_when_there_are_several(void **unused)
{
	(void)unused;
	assert_has(draw(80, 25), " DNS       192.0.2.1 (dhcp4); search");
	add_nics(2);
	assert_has(draw(80, 25), " DNS       192.0.2.1 (dhcp4 eth0); search");
}

static void test_whose_word_counts(void **unused)
{
	(void)unused;
	resolver_record_read(
		&state.resolver, view_of("server.1=192.0.2.9 dhcp4 eth0 forever\ntrust=eth0\n"), RECORD_READ);
	assert_has(draw(80, 25), " DNS       192.0.2.9 (dhcp4) ");
	add_nics(2);
	assert_has(draw(80, 25), " DNS       192.0.2.9 (dhcp4 eth0); only eth0 trusted ");
	resolver_record_read(&state.resolver, view_of("trust=none\n"), RECORD_READ);
	assert_has(
		draw(80, 25), " DNS       no server known: of several NICs none is trusted, set trust=NIC ");
	resolver_record_read(
		&state.resolver, view_of("server.1=192.0.2.9 static - forever\ntrust=none\n"), RECORD_READ);
	assert_has(draw(80, 25), " DNS       192.0.2.9 (static); no NIC is trusted ");
}

static void test_servers_of_the_setting_are_of_no_nic(void **unused)
{
	(void)unused;
	add_nics(2);
	resolver_record_read(&state.resolver, view_of("server.1=192.0.2.9 static - forever\n"), RECORD_READ);
	assert_has(draw(80, 25), " DNS       192.0.2.9 (static) ");
}

static void test_settings_that_are_not_in_force(void **unused)
{
	char text[1024] = "";
	(void)unused;
	link_record_read(&state.link,
		view_of("waiting.1=52:54:00:12:34:56\nproblem.1=eth0: gateway fe80::1 refused: No route to "
			"host\n"),
		RECORD_READ);
	assert_has(draw(80, 25), " Settings  eth0: gateway fe80::1 refused: No route to host ");
	assert_has(draw(80, 25), "           ip: no NIC 52:54:00:12:34:56 yet ");
	assert_has(draw(80, 25), " eth0      UP ");
	for (int i = 1; i <= LINK_LINES_MAX + 2; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "waiting.%d=eth%d\n", i, i);
	link_record_read(&state.link, view_of(text), RECORD_READ);
	assert_has(draw(80, 50), "           2 more are not shown ");
}

static void test_nic_that_gets_nothing_waits_for_nothing(void **unused)
{
	(void)unused;
	state.nic_count = 0;
	add_nic(&state, "eth0", "link=up\ndhcp4=off\ndhcp6=off\nra=off\n");
	assert_null(strstr(draw(80, 25), "waiting for an address"));
	state.nic_count = 0;
	add_nic(&state, "eth0", "link=up\ndhcp4=off\n");
	assert_has(draw(80, 25), "waiting for an address (DHCP: off, no IPv6 router heard");
}

static void test_more_nics_than_are_kept(void **unused)
{
	(void)unused;
	add_nics(NICS_MAX);
	state.nic_count = NICS_MAX + 8;
	draw(80, 25);
	request.page = result.pages - 1;
	assert_has(draw(80, 25), "8 more NICs are not shown");
}

static void test_a_nic_higher_than_the_screen(void **unused)
{
	char text[4096];
	int seen = 0;
	(void)unused;
	size_t used = (size_t)snprintf(text, sizeof(text), "link=up\n");
	for (int i = 1; i <= 40; i++)
		used += (size_t)snprintf(
			text + used, sizeof(text) - used, "address.%d=192.0.2.%d/24 dhcp forever\n", i, i);
	state.nic_count = 0;
	add_nic(&state, "eth0", text);
	for (int page = 0; page == 0 || page < result.pages; page++) {
		request.page = page;
		const char *page_text = draw(60, 15);
		for (int i = 1; i <= ADDRESSES_MAX; i++) {
			char wanted[32];
			snprintf(wanted, sizeof(wanted), " 192.0.2.%d/24 ", i);
			seen += strstr(page_text, wanted) != NULL;
		}
		if (page == result.pages - 1)
			assert_has(page_text, "24 more addresses are not shown");
	}
	assert_int_equal(seen, ADDRESSES_MAX);
}

static void test_missing_records_are_said(void **unused)
{
	(void)unused;
	memset(&state, 0, sizeof(state));
	const char *text = draw(80, 24);
	assert_has(text, "Starting: no record from init yet");
	assert_has(text, "Service   starting: no record yet");
	assert_has(text, "System    no record yet");
	assert_has(text, "waiting for an address");
	assert_has(text, "no lines yet");
}

static void test_unreadable_records_are_said(void **unused)
{
	(void)unused;
	system_record_read(&state.system, NULL, RECORD_UNREADABLE);
	child_record_read(&state.service, "service", NULL, RECORD_UNREADABLE);
	relay_record_read(&state.relay, NULL, RECORD_UNREADABLE);
	nic_record_read(&state.nics[0], "eth0", NULL, RECORD_UNREADABLE);
	resolver_record_read(&state.resolver, NULL, RECORD_UNREADABLE);
	log_record_read(&state.log, 0, -1, RECORD_UNREADABLE);
	const char *text = draw(160, 30);
	assert_has(text, "System    its record is unreadable");
	assert_has(text, "Service   its record is unreadable");
	assert_has(text, "Relay     its record is unreadable");
	assert_has(text, "eth0      its record is unreadable");
	assert_has(text, "DNS       its record is unreadable");
	assert_has(text, "the record init/system is unreadable");
}

static void test_refused_settings_are_loud(void **unused)
{
	(void)unused;
	system_record_read(&state.system,
		view_of("uptime_s=1000\nsettings_refused=3\nsetting_refused.1=kernel command line: a = "
			"\"b\": a number from "
			"1 to 86400 is allowed for it\n"),
		RECORD_READ);
	const char *text = draw(80, 25);
	assert_has(text,
		" REFUSED   kernel command line: a = \"b\": a number from 1 to 86400 is allowed    \n"
		"           for it ");
	assert_has(text, "2 more settings refused: see the log");
	assert_int_equal(grid_at(&grid, 3, 11)->attribute, ATTRIBUTE_BAD);
}

static void test_debug_is_marked(void **unused)
{
	(void)unused;
	assert_has_not(draw(80, 25), "DEBUG");
	state.system.debug = true;
	assert_has(draw(80, 25), "DEBUG: shells are open");
}

static void test_programs_show_only_when_not_well(void **unused)
{
	(void)unused;
	child_record_read(&state.children[0], "dhcpcd", view_of("name=dhcpcd\nstate=running\n"), RECORD_READ);
	child_record_read(&state.children[1], "net",
		view_of("name=net\nstate=waiting\nnext_start_ms=1003000\nrestarts=2\nlast_exit=exit status "
			"1\n"
			"last_exit_ms=995000\n"),
		RECORD_READ);
	state.child_count = 2;
	const char *text = draw(80, 25);
	assert_has(text, "Program   net waiting, next start in 3 s, 2 restarts,");
	assert_has(text, "last exit: exit status 1, 5 s ago");
	assert_has_not(text, "dhcpcd");
}

static void test_long_host_name_has_a_mark(void **unused)
{
	(void)unused;
	memset(state.system.hostname, 'h', sizeof(state.system.hostname) - 1);
	assert_has(draw(80, 25), "hhh... \n");
}

static void test_long_upstream_is_whole_or_marked(void **unused)
{
	char text[600];
	(void)unused;
	int length = snprintf(text, sizeof(text), "state=ready\nupstream.1=");
	memset(text + length, 'u', 253);
	strcpy(text + length + 253, ":1688 down no route to host\n");
	relay_record_read(&state.relay, view_of(text), RECORD_READ);
	assert_has(draw(80, 25), "uuu...");
	assert_has(draw(160, 50), "no route to host");
}

static void set_relay(const char *text)
{
	relay_record_read(&state.relay, view_of(text), RECORD_READ);
}

static void test_what_was_refused(void **unused)
{
	(void)unused;
	assert_has_not(draw(80, 25), "Refused");
	set_relay("state=ready\nrefused_guard=3\nrefused_not_allowed=4\nclosed_idle=2\nclosed_gave_way=5\n");
	assert_has(draw(80, 25),
		" Refused   4 not allowed, 3 by the guard; closed: 2 idle, 5 to let others in ");
	set_relay("state=ready\nclosed_session_time=1\n");
	assert_has_not(draw(80, 25), "Refused");
	assert_has(draw(80, 25), " Closed    1 too long ");
	set_relay("state=ready\nrefused_not_allowed=1\nrefused_full=2\nrefused_client_full=3\n"
		  "refused_no_upstream=4\nrefused_first_byte=5\nrefused_memory=6\n");
	assert_has(draw(160, 50),
		" Refused   1 not allowed, 2 over the limit, 3 over a client's limit, 4 without an upstream, "
		"5 too slow to begin, 6 for want of memory ");
}

static void test_sources_of_upstreams(void **unused)
{
	static const char text[] =
		"state=ready\nupstream.1=kms1.example.org:1688 up\nupstream.2=kms2.example.org:1688 down "
		"Connection "
		"refused\nupstream.3=10.0.0.9:1688 unknown\nupstream_source.1=srv:_vlmcs._tcp.example.org\n"
		"upstream_source.2=srv:_vlmcs._tcp.example.org\nupstream_source.3=setting\n"
		"upstream_connect_us.1=412\nupstream_connect_us.2=900\n"
		"source.1=srv:_vlmcs._tcp ok _vlmcs._tcp.example.org\n";
	(void)unused;
	set_relay(text);
	const char *narrow = draw(80, 25);
	assert_has(narrow,
		" Upstream  up       kms1.example.org:1688, 0.41 ms, srv:_vlmcs._tcp.example.org \n"
		"           down     kms2.example.org:1688: Connection refused   ");
	assert_has(narrow, "           unknown  10.0.0.9:1688 (not tried yet)   ");
	const char *wide = draw(120, 40);
	assert_has(wide, "kms1.example.org:1688, 0.41 ms, from srv:_vlmcs._tcp.example.org  ");
	assert_has(wide, "           unknown  10.0.0.9:1688 (not tried yet), from relay.upstream ");
}

static void test_sources_without_an_answer(void **unused)
{
	(void)unused;
	set_relay("state=no upstream\nhint=check relay.upstream\nsource.1=srv:_vlmcs._tcp failed NXDOMAIN\n"
		  "source.2=kms:1688 waiting\nsource.3=a:1 ok\n");
	const char *text = draw(80, 25);
	assert_has(text, " Upstream  failed   srv:_vlmcs._tcp: NXDOMAIN ");
	assert_has(text, "           waiting  kms:1688: no answer from DNS yet ");
	assert_has(text, "           check relay.upstream ");
	assert_has_not(text, "none:");
	set_relay("state=ready\nupstream.1=a:1 up\nsource.1=srv:_x._tcp.example stale SERVFAIL\n");
	text = draw(80, 25);
	assert_has(text, " Upstream  up     a:1 ");
	assert_has(text, "           stale  srv:_x._tcp.example: SERVFAIL; its last answer stays in force ");
	set_relay("state=no upstream\nsource.1=a:1 ok\n");
	assert_has(draw(80, 25), " Upstream  none: set relay.upstream=HOST:PORT ");
}

/* Six stand with the relay, the others behind the NICs; each is on exactly one page. */
static void test_many_upstreams_are_counted_and_paged(void **unused)
{
	static char text[RECORD_BYTES_MAX];
	int seen = 0;
	(void)unused;
	size_t used = (size_t)snprintf(text, sizeof(text), "state=ready\nupstreams_left_out=68\n");
	for (int i = 1; i <= 60; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
			"upstream.%d=kms%d.example:1688 %s\n", i, i, i % 3 == 0 ? "down" : "up");
	set_relay(text);
	for (int page = 0; page == 0 || page < result.pages; page++) {
		request.page = page;
		const char *screen = draw(80, 25);
		for (int i = 1; i <= 60; i++) {
			char wanted[32];
			snprintf(wanted, sizeof(wanted), " kms%d.example:1688 ", i);
			seen += strstr(screen, wanted) != NULL;
		}
		if (page == 0) {
			assert_has(screen, "42 more at the end of this list (28 up, 14 down)");
			assert_has(screen, "12 more upstreams are not shown");
			assert_has(screen, "68 more found by DNS are left out");
			assert_has(screen, "42 more upstreams: n");
		}
	}
	assert_int_equal(seen, UPSTREAMS_MAX);
}

static void test_allowed_prefixes_are_counted(void **unused)
{
	char text[1024];
	(void)unused;
	set_relay("state=ready\nallow.1=on-link\nallow.2=10.0.0.0/8\nguard=off\n");
	assert_has(draw(80, 25), " Allowed   10.0.0.0/8, on-link: no network; guard off ");
	set_relay("state=ready\nallow.1=on-link\non_link.1=203.0.113.1/32\non_link.2=2001:db8::1/128\n");
	assert_has(
		draw(80, 25), " Allowed   on-link: 203.0.113.1/32, 2001:db8::1/128 alone, set relay.allow");
	set_relay("state=ready\nallow.1=on-link\non_link.1=203.0.113.1/32\non_link.2=fe80::/64\n");
	assert_has(draw(80, 25), " Allowed   on-link: 203.0.113.1/32, fe80::/64 alone, set relay.allow ");
	set_relay("state=ready\nallow.1=on-link\non_link.1=203.0.113.1/32\non_link.2=2001:db8::/64\n");
	assert_has(draw(80, 25), " Allowed   on-link: 203.0.113.1/32, 2001:db8::/64 ");
	int used = snprintf(text, sizeof(text), "state=ready\n");
	for (int i = 1; i <= 40; i++)
		used += snprintf(
			text + used, sizeof(text) - (size_t)used, "allow.%d=10.0.%d.0/24\n", i, 100 + i);
	set_relay(text);
	assert_has(draw(80, 25), "10.0.108.0/24, 32 more ");
	assert_has(draw(240, 25), "10.0.116.0/24, 24 more ");
}

static void test_times_have_units(void **unused)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{"connect_p50_us=50\nconnect_p99_us=250\n",
			" Traffic   connect 0.05/0.25 ms (half / 99 of 100 within) "},
		{"connect_p50_us=1050\nconnect_p99_us=2500\n", " connect 1/2.5 ms "},
		{"connect_p50_us=999999\nconnect_p99_us=1500000\n", " connect 999 ms/1.5 s "},
		{"session_p50_ms=0\nsession_p99_ms=3600000\n", " session 0 ms/1 h 0 min "},
		{"session_p50_ms=7200000\nsession_p99_ms=9223372036854775807\n",
			" session 2 h 0 min/106751991 d 4 h "},
	};
	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[256];
		snprintf(text, sizeof(text), "state=ready\n%s", cases[i].text);
		set_relay(text);
		assert_has(draw(120, 25), cases[i].wanted);
	}
	set_relay("state=ready\nconnect_p50_us=5\nbytes_to_client=1\n");
	assert_has_not(draw(120, 25), "Traffic");
}

static void test_hostile_relay_record(void **unused)
{
	static char text[RECORD_BYTES_MAX];
	static const char *const keys[] = {"state", "hint", "guard", "upstream.1", "upstream_source.1",
		"source.1", "source.2", "allow.1", "on_link.1"};
	size_t used = 0;
	(void)unused;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s=\033[2J\xc3 ", keys[i]);
		memset(text + used, i % 2 == 0 ? '\033' : 'x', 2000);
		used += 2000;
		text[used++] = '\n';
	}
	for (int i = 0; i < 9; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s=9223372036854775807\n",
			(const char *[]){"refused_guard", "refused_full", "closed_idle", "bytes_to_client",
				"bytes_to_upstream", "connect_p50_us", "connect_p99_us", "session_p50_ms",
				"session_p99_ms"}[i]);
	text[used] = '\0';
	set_relay(text);
	test_any_size_is_safe(NULL);
}

static void test_readonly_has_no_keys_that_change_something(void **unused)
{
	(void)unused;
	request.readonly = true;
	const char *text = draw(80, 25);
	assert_has(text, "l log  c settings  Enter refresh ");
	assert_has_not(text, "restart service");
	assert_has_not(text, "power off");
}

/* Each key on one of the pages, with its value and origin; what is set first. */
static void test_settings_view(void **unused)
{
	static struct config c;
	char file[4096] = "";
	size_t used = 0;
	(void)unused;
	config_init(&c);
	for (int key = 0; key < CONFIG_KEY_COUNT; key++) {
		const char *name = config_definitions[key].name;
		bool set = key == CONFIG_RELAY_UPSTREAM;
		used += (size_t)snprintf(file + used, sizeof(file) - used, "%s=%s\norigin.%s=%s\n", name,
			set ? "kms.example.org:1688" : config_get(&c, (enum config_key)key), name,
			set ? "baked in, line 7" : "default");
	}
	used += (size_t)snprintf(file + used, sizeof(file) - used,
		"service.env.HOME=/data\norigin.service.env.HOME=image, line 2\n"
		"service.secret.%064d=(set)\norigin.service.secret.%064d=fw_cfg, line 3\n",
		1, 1);
	assert_int_equal(record_parse(&state.settings.view, file, used), 0);
	state.settings.status = RECORD_READ;
	request.view = VIEW_SETTINGS;
	for (int rows = LAYOUT_ROWS_MIN; rows <= 60; rows += 15) {
		unsigned seen = 0;
		request.settings_page = 0;
		do {
			const char *text = draw(80, rows);
			if (request.settings_page == 0)
				assert_non_null(
					strstr(text, "\n relay.upstream") < strstr(text, "\n hostname")
						? strstr(text, "kms.example.org:1688  (baked in, line 7)")
						: NULL);
			seen += strstr(text, "/data  (image, line 2)") != NULL;
			seen += strstr(text, "\n service.secret.0") != NULL &&
				strstr(text, " (set)  (fw_cfg, line 3)") != NULL;
			for (int key = 0; key < CONFIG_KEY_COUNT; key++) {
				char line[80];
				snprintf(line, sizeof(line), "\n %s ", config_definitions[key].name);
				seen += strstr(text, line) != NULL;
			}
		} while (++request.settings_page < result.pages);
		assert_int_equal(seen, CONFIG_KEY_COUNT + 2);
		assert_true(rows > LAYOUT_ROWS_MIN || result.pages > 1);
	}
	state.settings.status = RECORD_UNREADABLE;
	assert_has(draw(80, 25), "their record is unreadable");
}

static void test_prompt_takes_the_place_of_the_keys(void **unused)
{
	(void)unused;
	request.prompt = "Power off? y/n (10 s)";
	const char *text = draw(80, 25);
	assert_has(text, " Power off? y/n (10 s) ");
	assert_has_not(text, "l log");
}

/* Going back page by page shows each of the 200 lines once, though lines wrap. */
static void test_log_view_goes_through_all_lines(void **unused)
{
	long long expected_last = 900;
	(void)unused;
	set_log(&state, 600, 900, " with words and words and words and words and words and words to wrap");
	request.view = VIEW_LOG;
	for (int page = 0; page < 200; page++) {
		char wanted[80];
		const char *text = draw(80, 25);
		snprintf(wanted, sizeof(wanted),
			"Log, lines %lld to %lld of 900 (300 older ones are no longer held)",
			result.log_first, expected_last);
		assert_has(text, wanted);
		for (long long number = result.log_first; number <= expected_last; number++) {
			snprintf(wanted, sizeof(wanted), " number %lld ", number);
			assert_has(text, wanted);
		}
		expected_last = result.log_first - 1;
		request.log_end = expected_last;
		if (!result.log_older)
			break;
		assert_has(text, "n older");
	}
	assert_int_equal(expected_last, 300);
	assert_has(draw(80, 25), "n newest"); /* the line asked for is no longer held: the oldest stands in */
}

static void test_log_levels_have_colours(void **unused)
{
	(void)unused;
	set_log_text(&state, "1 3 relay broken\n2 4 relay odd\n3 6 relay fine\n", 3);
	request.view = VIEW_LOG;
	assert_has(draw(80, 24), "     0.001 relay      broken ");
	assert_int_equal(grid_at(&grid, 2, 22)->attribute, ATTRIBUTE_BAD);
	assert_int_equal(grid_at(&grid, 3, 22)->attribute, ATTRIBUTE_WARN);
	assert_int_equal(grid_at(&grid, 4, 22)->attribute, ATTRIBUTE_NORMAL);
}

static void test_longest_log_line_is_shown_whole(void **unused)
{
	char text[LOG_LINE_BYTES_MAX + 1];
	(void)unused;
	int used = snprintf(text, sizeof(text), "1 6 relay ");
	memset(text + used, 'x', LOG_TEXT_MAX);
	memcpy(text + used + LOG_TEXT_MAX - 3, "END\n", 5);
	set_log_text(&state, text, 1);
	request.view = VIEW_LOG;
	assert_has(draw(80, 24), "xxxEND");
	request.view = VIEW_STATUS;
	assert_has(draw(80, 24), "xxxx...");
}

static void test_log_of_the_shortest_lines(void **unused)
{
	static char text[LOG_LINES_BYTES_MAX + 1];
	char wanted[80];
	int used = 0;
	(void)unused;
	while (used + 8 <= LOG_LINES_BYTES_MAX)
		used += sprintf(text + used, "0 6 a x\n");
	set_log_text(&state, text, 1000000);
	request.view = VIEW_LOG;
	request.log_end = 1;
	snprintf(wanted, sizeof(wanted), "Log, lines %d to %d of 1000000", 1000000 - used / 8 + 1,
		1000000 - used / 8 + 1);
	assert_has(draw(80, 24), wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_one_nic_fits, setup),
		cmocka_unit_test_setup(test_source_of_the_clock, setup),
		cmocka_unit_test_setup(test_status_page, setup),
		cmocka_unit_test_setup(test_status_page_that_nobody_may_see, setup),
		cmocka_unit_test_setup(test_collector_and_hypervisor, setup),
		cmocka_unit_test_setup(test_too_small_shows_the_verdict, setup),
		cmocka_unit_test_setup(test_any_size_is_safe, setup),
		cmocka_unit_test_setup(test_nics_are_counted_and_paged, setup),
		cmocka_unit_test_setup(test_dns_servers_name_their_nic_when_there_are_several, setup),
		cmocka_unit_test_setup(test_whose_word_counts, setup),
		cmocka_unit_test_setup(test_servers_of_the_setting_are_of_no_nic, setup),
		cmocka_unit_test_setup(test_settings_that_are_not_in_force, setup),
		cmocka_unit_test_setup(test_nic_that_gets_nothing_waits_for_nothing, setup),
		cmocka_unit_test_setup(test_more_nics_than_are_kept, setup),
		cmocka_unit_test_setup(test_a_nic_higher_than_the_screen, setup),
		cmocka_unit_test_setup(test_missing_records_are_said, setup),
		cmocka_unit_test_setup(test_unreadable_records_are_said, setup),
		cmocka_unit_test_setup(test_refused_settings_are_loud, setup),
		cmocka_unit_test_setup(test_debug_is_marked, setup),
		cmocka_unit_test_setup(test_programs_show_only_when_not_well, setup),
		cmocka_unit_test_setup(test_long_host_name_has_a_mark, setup),
		cmocka_unit_test_setup(test_long_upstream_is_whole_or_marked, setup),
		cmocka_unit_test_setup(test_what_was_refused, setup),
		cmocka_unit_test_setup(test_sources_of_upstreams, setup),
		cmocka_unit_test_setup(test_sources_without_an_answer, setup),
		cmocka_unit_test_setup(test_many_upstreams_are_counted_and_paged, setup),
		cmocka_unit_test_setup(test_allowed_prefixes_are_counted, setup),
		cmocka_unit_test_setup(test_times_have_units, setup),
		cmocka_unit_test_setup(test_hostile_relay_record, setup),
		cmocka_unit_test_setup(test_readonly_has_no_keys_that_change_something, setup),
		cmocka_unit_test_setup(test_settings_view, setup),
		cmocka_unit_test_setup(test_prompt_takes_the_place_of_the_keys, setup),
		cmocka_unit_test_setup(test_log_view_goes_through_all_lines, setup),
		cmocka_unit_test_setup(test_log_levels_have_colours, setup),
		cmocka_unit_test_setup(test_longest_log_line_is_shown_whole, setup),
		cmocka_unit_test_setup(test_log_of_the_shortest_lines, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
