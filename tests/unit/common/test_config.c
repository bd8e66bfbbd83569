/* Settings: later sources win, a bad line is refused by itself with what was read, where and what is allowed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "common/config.h"
#include "common/record.h"
#include "unit/common/folder.h"

static struct config c;
static char reported[16][512];
static size_t report_count;

static void report(const char *error)
{
	assert_true(report_count < 16);
	snprintf(reported[report_count++], sizeof(reported[0]), "%s", error);
}

static int fresh(void **state)
{
	(void)state;
	config_init(&c);
	report_count = 0;
	return 0;
}

static void read_text(const char *text, const char *origin)
{
	config_read_text(&c, text, strlen(text), origin, report);
}

static void every_default_is_valid(void **state)
{
	char message[512];
	struct text error = TEXT(message);
	(void)state;
	for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
		const struct config_definition *d = &config_definitions[i];
		assert_non_null(d->name);
		assert_non_null(d->allowed);
		assert_non_null(d->help);
		if (d->default_value[0] != '\0')
			assert_true(config_set(&c, d->name, strlen(d->name), d->default_value,
				strlen(d->default_value), "test", &error));
	}
}

static void later_source_wins_and_is_remembered(void **state)
{
	(void)state;
	read_text("relay.listen = 0.0.0.0:1\n# comment\n\n  hostname=a \r\n", "appliance");
	read_text("hostname = b", "baked in");
	assert_string_equal(config_get(&c, CONFIG_RELAY_LISTEN), "0.0.0.0:1");
	assert_string_equal(config_get(&c, CONFIG_HOSTNAME), "b");
	assert_string_equal(config_origin(&c, CONFIG_HOSTNAME), "baked in, line 1");
	assert_string_equal(config_origin(&c, CONFIG_CONSOLE), "default");
	assert_int_equal(report_count, 0);
}

static void bad_line_is_refused_alone(void **state)
{
	(void)state;
	read_text("hostname = good\nrelay.max-connections = 0\nnonsense\nno.such = 1\nconsole = loud\n",
		"site");
	assert_string_equal(config_get(&c, CONFIG_HOSTNAME), "good");
	assert_int_equal(config_number(&c, CONFIG_RELAY_MAX_CONNECTIONS), 4096);
	assert_int_equal(c.refused, 4);
	assert_int_equal(report_count, 4);
	assert_string_equal(reported[0], "setting refused, from site, line 2: relay.max-connections = \"0\", "
					 "allowed: a number from 1 to 100000");
	assert_string_equal(
		reported[1], "setting refused, from site, line 3: \"nonsense\", allowed: key = value");
	assert_string_equal(reported[2], "setting refused, from site, line 4: \"no.such\" is no setting");
	assert_string_equal(reported[3], "setting refused, from site, line 5: console = \"loud\", console is "
					 "readonly until it is right, "
					 "allowed: on, off or readonly");
}

/* One source's lines make one list, another source's begin a new one. */
static void lines_of_one_source_add_up(void **state)
{
	(void)state;
	read_text("ip = eth0:192.0.2.5/24\nip = eth1:dhcp\nip = eth1:192.0.2.5/24\n", "baked in");
	assert_string_equal(config_get(&c, CONFIG_IP), "eth0:192.0.2.5/24 eth1:dhcp");
	assert_int_equal(report_count, 1);
	assert_non_null(strstr(reported[0],
		"baked in, line 3: ip = \"eth1:192.0.2.5/24\", the same address twice, allowed: "));
	read_text("ip = eth0:dhcp\nip =\n", "baked in"); /* nothing is no item */
	assert_string_equal(config_get(&c, CONFIG_IP), "eth0:dhcp");
	assert_int_equal(report_count, 2);
	const char *line = "thimble.ip=eth2:none thimble.ip=\"eth3:dhcp eth4:dhcp\"";
	config_read_command_line(&c, line, strlen(line), report);
	assert_string_equal(config_get(&c, CONFIG_IP), "eth2:none eth3:dhcp eth4:dhcp");
	read_text("ip = dhcp\n", "later");
	assert_string_equal(config_get(&c, CONFIG_IP), "dhcp");
	assert_int_equal(report_count, 2);
}

static void each_key_has_good_and_bad_values(void **state)
{
	const struct {
		enum config_key key;
		const char *value;
		bool good;
	} cases[] = {
		{CONFIG_HOSTNAME, "a-b.example", true},
		{CONFIG_HOSTNAME, "-a", false},
		{CONFIG_HOSTNAME, "1.2.3.4", false},
		{CONFIG_IP, "eth0:192.0.2.5/24", true},
		{CONFIG_IP, "", false},
		{CONFIG_DNS, "192.0.2.1,2001:db8::1", true},
		{CONFIG_DNS, "192.0.2.1/24", false},
		{CONFIG_DNS, "dns.example.org", false},
		{CONFIG_DNS, "fe80::1", false},
		{CONFIG_DNS, "0.0.0.0", false},
		{CONFIG_DNS, "224.0.0.1", false},
		{CONFIG_DNS, "::", false},
		{CONFIG_DNS, "ff02::1", false},
		{CONFIG_DNS, "", true},
		{CONFIG_NTP, "ntp.example.org, 192.0.2.1", true},
		{CONFIG_NTP, "off", true},
		{CONFIG_NTP, "192.0.2.1:123", false},
		{CONFIG_SYSLOG, "", true},
		{CONFIG_SYSLOG, "off", true},
		{CONFIG_SYSLOG, "tcp://[2001:db8::5]:601", true},
		{CONFIG_SYSLOG, "192.0.2.5", false},
		{CONFIG_MTU, "0", true},
		{CONFIG_MTU, "9000", true},
		{CONFIG_MTU, "1279", false},
		{CONFIG_TRUST, "single", true},
		{CONFIG_TRUST, "eth1, 02:00:5e:00:00:01, eth0.5", true},
		{CONFIG_TRUST, "", false},
		{CONFIG_TRUST, "eth0:dhcp", false},
		{CONFIG_TRUST, "02:00:5e:00:00:01:dhcp", false},
		{CONFIG_TRUST, "all, eth0", true}, /* a NIC may be called so */
		{CONFIG_TRUST, "eth 0", false},
		{CONFIG_CONSOLE, "readonly", true},
		{CONFIG_CONSOLE, "", false},
		{CONFIG_SERVICE_ARGS, "--a \"b c\" 'd \"e' f\\ g", true},
		{CONFIG_SERVICE_ARGS, "--a \"b c", false},
		{CONFIG_SERVICE_ARGS, "--a 'b c", false},
		{CONFIG_SERVICE_ARGS, "--a \\", false},
		{CONFIG_SERVICE_ARGS, "a\tb", false},
		{CONFIG_RELAY_LISTEN, "[::]:1688, 127.0.0.1:80", true},
		{CONFIG_RELAY_LISTEN, "", false},
		{CONFIG_RELAY_LISTEN, "name:1688", false},
		{CONFIG_RELAY_UPSTREAM, "kms.example.org:1688,[2001:db8::1]:1688,192.0.2.1:1", true},
		{CONFIG_RELAY_UPSTREAM, "kms.example.org", false},
		{CONFIG_RELAY_UPSTREAM, "kms.example.org:0", false},
		{CONFIG_RELAY_UPSTREAM, "2001:db8::1:1688", false},
		{CONFIG_RELAY_UPSTREAM, "a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1,a:1",
			false},
		{CONFIG_RELAY_MAX_CONNECTIONS, "100000", true},
		{CONFIG_RELAY_MAX_CONNECTIONS, "100001", false},
		{CONFIG_RELAY_IDLE_TIMEOUT_S, "1", true},
		{CONFIG_RELAY_IDLE_TIMEOUT_S, "1 s", false},
	};
	char message[512];
	struct text error = TEXT(message);
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *name = config_definitions[cases[i].key].name;
		bool good = config_set(
			&c, name, strlen(name), cases[i].value, strlen(cases[i].value), "test", &error);
		if (good != cases[i].good)
			fail_msg("%s = \"%s\": expected %d, got %d: %s", name, cases[i].value, cases[i].good,
				good, message);
	}
}

static void assert_closed(enum config_key key, const char *value, bool is_closed)
{
	bool same = strcmp(config_get(&c, key), value) == 0;
	if (same != is_closed)
		fail_msg("%s: got \"%s\", expected it %s", config_definitions[key].name, config_get(&c, key),
			is_closed ? "closed" : "open");
}

/* A typo in what guards lets nobody in, whatever held before; a good line behind it opens again. */
static void bad_guard_lets_nobody_in(void **state)
{
	static const struct {
		enum config_key key;
		const char *good, *bad, *closed;
	} cases[] = {
		{CONFIG_STATUS_PORT, "status-port = 8080", "status-port = off", "0"},
		{CONFIG_STATUS_PORT, "status-port = 8080", "status_port = 8081", "0"},
		{CONFIG_STATUS_ALLOW, "status-allow = 10.1.2.3", "status-allow = 10.1.2.3, 10.1.2.0/33",
			"none"},
		{CONFIG_STATUS_ALLOW, "status-allow = 10.1.2.3", "status-allow =", "none"},
		{CONFIG_RELAY_ALLOW, "relay.allow = on-link", "relay.allow = 192.0.2.0/24; fd00::/64",
			"none"},
		{CONFIG_RELAY_ALLOW, "relay.allow = on-link", "relay.allow: 192.0.2.0/24", "none"},
		{CONFIG_RELAY_ALLOW, "relay.allow = on-link", "Relay-Allow = 192.0.2.0/24", "none"},
		{CONFIG_RELAY_GUARD, "relay.guard = off", "relay.guard = dcerpc:short", "none"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		report_count = 0;
		read_text(cases[i].good, "baked in");
		assert_closed(cases[i].key, cases[i].closed, false);
		read_text(cases[i].bad, "site");
		assert_closed(cases[i].key, cases[i].closed, true);
		assert_int_equal(report_count, 1);
		assert_non_null(strstr(reported[0], ", nobody may come until it is right"));
		assert_non_null(strstr(reported[0], ", allowed: ") == NULL ? strstr(reported[0], "no setting")
									   : reported[0]);
		read_text(cases[i].good, "command line");
		assert_closed(cases[i].key, cases[i].closed, false);
	}
	read_text("relay.max-connections = 0\nrelay.allowed = x\n", "site");
	assert_closed(CONFIG_RELAY_ALLOW, "none", false);
}

/* Neither keys that act nor the word of each NIC by a typo; a screen that is off stays off. */
static void bad_console_and_trust_grant_the_least(void **state)
{
	static const struct {
		enum config_key key;
		const char *good, *bad, *closed, *said;
	} cases[] = {
		{CONFIG_CONSOLE, "console = on", "console = read-only", "readonly",
			", console is readonly until it is right, allowed: on, off or readonly"},
		{CONFIG_CONSOLE, "console = on", "Console: off", "readonly",
			", console is readonly until it is right, allowed: key = value"},
		{CONFIG_CONSOLE, "console = off", "console = read-only", "off",
			", console is off until it is right, allowed: on, off or readonly"},
		{CONFIG_TRUST, "trust = all", "trust = eth0; eth1", "single",
			", trust is single until it is right, allowed: all, single, or NIC"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		report_count = 0;
		read_text(cases[i].good, "baked in");
		read_text(cases[i].bad, "site");
		assert_closed(cases[i].key, cases[i].closed, true);
		if (report_count != 1 || strstr(reported[0], cases[i].said) == NULL)
			fail_msg("%s: expected \"%s\", got \"%s\"", cases[i].bad, cases[i].said, reported[0]);
		read_text("console = on\ntrust = all", "command line");
		assert_closed(cases[i].key, cases[i].closed, false);
	}
}

static void record_that_cannot_be_read_lets_nobody_in(void **state)
{
	(void)state;
	assert_int_equal(record_remove("init", "config"), 0);
	config_load(&c);
	assert_closed(CONFIG_RELAY_ALLOW, "none", true);
	assert_closed(CONFIG_RELAY_GUARD, "none", true);
	assert_closed(CONFIG_STATUS_ALLOW, "none", true);
	assert_closed(CONFIG_STATUS_PORT, "0", true);
	assert_closed(CONFIG_CONSOLE, "readonly", true);
	assert_closed(CONFIG_TRUST, "single", true);
	assert_string_equal(config_get(&c, CONFIG_RELAY_LISTEN), "[::]:1688");
}

static void hostile_bytes_are_quoted_and_escaped(void **state)
{
	char line[5000];
	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "relay.upstream=", 15);
	config_read_text(&c, line, sizeof(line), "test", report);
	assert_non_null(strstr(reported[0], "4985 bytes, at most 4095 allowed"));
	config_read_text(&c, "console=\x1b[2J\x00y", 13, "test", report);
	assert_null(memchr(reported[1], '\x1b', strlen(reported[1])));
	config_read_text(&c, "\xff\x1b=1", 4, "test", report);
	assert_string_equal(reported[2], "setting refused, from test, line 1: \"\\xff\\x1b\" is no setting");
}

static void command_line_takes_its_own_words_only(void **state)
{
	const char *line = "quiet console=ttyS0 thimble.hostname=h thimble.service.args=\"-a \\b c\" "
			   "thimble.console=off root=/dev/sda thimble. thimble.bad=1 xthimble.console=on\n";
	(void)state;
	config_read_command_line(&c, line, strlen(line), report);
	assert_string_equal(config_get(&c, CONFIG_HOSTNAME), "h");
	assert_string_equal(config_get(&c, CONFIG_SERVICE_ARGS), "-a \\b c");
	assert_string_equal(config_get(&c, CONFIG_CONSOLE), "off");
	assert_string_equal(config_origin(&c, CONFIG_CONSOLE), "kernel command line");
	assert_int_equal(report_count, 1);
	assert_non_null(strstr(reported[0], "\"bad\" is no setting"));
}

/* Linux has no way to say it, so what would come out is something else than was meant. */
static void a_double_quote_within_a_value_of_the_command_line_is_refused(void **state)
{
	const char *line = "thimble.service.args=\"-a 'b c'\"";
	const char *escaped = "thimble.service.args=\"-a \\\"b c\\\"\" thimble.hostname=h other=\\\"";
	(void)state;
	config_read_command_line(&c, line, strlen(line), report);
	assert_int_equal(report_count, 0);
	config_read_command_line(&c, escaped, strlen(escaped), report);
	assert_string_equal(config_get(&c, CONFIG_SERVICE_ARGS), "-a 'b c'");
	assert_string_equal(config_get(&c, CONFIG_HOSTNAME), "h");
	assert_int_equal(report_count, 1);
	assert_non_null(strstr(
		reported[0], "from kernel command line: \"thimble.service.args=-a \\b\", a double quote"));
}

static void as_many_arguments_as_there_is_room_for(void **state)
{
	static char line[sizeof("service.args=") + CONFIG_VALUE_MAX];
	(void)state;
	memcpy(line, "service.args=", 13);
	for (size_t i = 0; i < CONFIG_VALUE_MAX - 1; i++)
		line[13 + i] = i % 2 == 0 ? 'x' : ' ';
	read_text(line, "site");
	assert_int_equal(report_count, 0);
	assert_int_equal(strlen(config_get(&c, CONFIG_SERVICE_ARGS)), CONFIG_VALUE_MAX - 1);
	assert_int_equal(record_make_folder("init"), 0);
	assert_int_equal(config_save(&c), 0);
}

/* Values that are set again and again leave no gaps for ever, and what has no room is refused alone. */
static void room_is_found_again(void **state)
{
	static char line[sizeof("service.args=") + CONFIG_VALUE_MAX];
	char name[80];
	(void)state;
	memcpy(line, "service.args=", 13);
	memset(line + 13, 'x', CONFIG_VALUE_MAX - 1);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "hostname = h%d", i);
		read_text(name, "site");
		line[13] = (char)('a' + i);
		read_text(line, "site");
	}
	assert_int_equal(report_count, 0);
	assert_string_equal(config_get(&c, CONFIG_HOSTNAME), "h19");
	assert_string_equal(config_get(&c, CONFIG_SERVICE_ARGS), line + 13);
	assert_string_equal(config_get(&c, CONFIG_STATUS_PORT), "80");
	assert_string_equal(config_origin(&c, CONFIG_SERVICE_ARGS), "site, line 1");
}

static void children_read_what_init_wrote(void **state)
{
	static struct config read;
	(void)state;
	assert_int_equal(record_make_folder("init"), 0);
	read_text("relay.upstream = h:1\nservice.args = \"a b\" c\n", "site");
	assert_int_equal(config_save(&c), 0);
	config_load(&read);
	for (size_t i = 0; i < CONFIG_KEY_COUNT; i++)
		assert_string_equal(
			config_get(&read, (enum config_key)i), config_get(&c, (enum config_key)i));
}

static void one_key_alone(void **state)
{
	static struct record_view room;
	static struct record r;
	(void)state;
	assert_int_equal(record_make_folder("init"), 0);
	config_init(&c);
	read_text("ntp = a.example, 192.0.2.1\n", "site");
	assert_int_equal(config_save(&c), 0);
	assert_string_equal(config_load_one(CONFIG_NTP, &room), "a.example, 192.0.2.1");
	assert_string_equal(config_load_one(CONFIG_SYSLOG, &room), "");
	assert_string_equal(config_load_one(CONFIG_IP, &room), "dhcp");
	record_begin(&r);
	record_add(&r, "mtu", "70000");
	assert_int_equal(record_commit(&r, "init", "config"), 0);
	assert_null(config_load_one(CONFIG_MTU, &room));
	assert_null(config_load_one(CONFIG_NTP, &room));
	assert_int_equal(record_remove("init", "config"), 0);
	assert_null(config_load_one(CONFIG_NTP, &room));
}

/* --- families
 * -------------------------------------------------------------------------------------------------------- */

/* The value of NAME, and whether it is secret. */
static const char *variable(const char *name, bool *secret)
{
	size_t length = strlen(name);
	const char *found;
	for (unsigned i = 0; (found = config_variable(&c, i, secret)) != NULL; i++)
		if (strncmp(found, name, length) == 0 && found[length] == '=')
			return found + length + 1;
	return NULL;
}

static void later_variable_wins_by_its_name(void **state)
{
	bool secret;
	(void)state;
	read_text("service.env.A = 1 = one\nservice.env.a=small\nservice.secret.KEY=k\nservice.env.E=e\n",
		"image");
	assert_string_equal(variable("A", &secret), "1 = one");
	assert_false(secret);
	assert_string_equal(variable("a", NULL), "small");
	assert_string_equal(variable("KEY", &secret), "k");
	assert_true(secret);
	const char *line = "thimble.service.env.A=\"2 two\" service.env.a=no thimble.service.secret.E=";
	config_read_command_line(&c, line, strlen(line), report);
	read_text("service.env.KEY = shown", "later");
	assert_string_equal(variable("A", NULL), "2 two");
	assert_string_equal(variable("a", NULL), "small");
	assert_string_equal(variable("E", &secret), "");
	assert_true(secret);
	assert_string_equal(variable("KEY", &secret), "shown");
	assert_false(secret);
	assert_null(config_variable(&c, 4, NULL));
	assert_int_equal(report_count, 0);
}

static void bad_variables_are_refused_alone(void **state)
{
	static char longest[CONFIG_NAME_MAX + 1];
	char line[256];
	(void)state;
	memset(longest, 'N', CONFIG_NAME_MAX);
	snprintf(line, sizeof(line), "service.env.%s = fits", longest);
	read_text(line, "site");
	assert_string_equal(variable(longest, NULL), "fits");
	snprintf(line, sizeof(line), "service.env.%sN = no", longest);
	read_text(line, "site");
	read_text("service.env. = a\nservice.env.1A = a\nservice.env.A-B = a\nservice.env.A B = a\n"
		  "service.env.C = a\x01z\nservice.env = a\nservice.env.\xc3\xa4 = a\n",
		"site");
	assert_int_equal(report_count, 8);
	assert_int_equal(c.variables.count, 1);
	assert_string_equal(reported[2],
		"setting refused, from site, line 2: \"service.env.1A\" is no setting, allowed: "
		"NAME: letters, digits and _, not a digit first, at most 64; the value: no control "
		"characters, at "
		"most 4095 bytes; 64 variables and 16384 bytes in all");
	assert_non_null(strstr(reported[5], "service.env.C, a control character, allowed: NAME: "));
}

static void variables_are_bounded(void **state)
{
	static char line[CONFIG_VALUE_MAX + 64];
	(void)state;
	for (int i = 0; i < CONFIG_VARIABLES_MAX; i++) {
		snprintf(line, sizeof(line), "service.secret.N%d = %d", i, i);
		read_text(line, "site");
	}
	assert_int_equal(report_count, 0);
	read_text("service.env.ONE_MORE = 1\nservice.env.N63 = another\n", "site");
	assert_int_equal(report_count, 1);
	assert_non_null(strstr(reported[0], "service.env.ONE_MORE, too many variables, allowed: "));
	assert_string_equal(variable("N63", NULL), "another");

	config_init(&c);
	size_t key = (size_t)snprintf(line, sizeof(line), "service.env.V0 = ");
	memset(line + key, 'x', CONFIG_VALUE_MAX - 1);
	for (int i = 0; i < 4; i++) {
		line[sizeof("service.env.V") - 1] = (char)('0' + i);
		read_text(line, "site");
	}
	/* Four of 4,095 bytes with their names are more than there is room for. */
	assert_int_equal(report_count, 2);
	assert_non_null(strstr(reported[1], "service.env.V3, no room beside the other variables"));
	for (int i = 0; i < 10; i++) {
		line[key] = (char)('a' + i);
		line[sizeof("service.env.V") - 1] = (char)('0' + i % 3);
		read_text(line, "site");
	}
	assert_int_equal(report_count, 2);
	assert_string_equal(variable("V2", NULL) + 1, line + key + 1);
	assert_int_equal(variable("V2", NULL)[0], 'i');
}

/* SENTINEL is what must not be seen, however wrong its line is; NEXT stands for further lines of a key. */
static void errors_do_not_quote_secrets(void **state)
{
	static const char *const lines[] = {
		"service.secret.KEY = SENTINEL\x01",
		"service.secret.1KEY = SENTINEL",
		"service.secret.KEY SENTINEL",
		"service.secret.KEY: SENTINEL",
		"service.secret.KEY SENTINEL=x",
		"Service_Secret.KEY SENTINEL",
		"service.secrets.KEY = SENTINEL",
		"service.secret.KEY = -----BEGIN KEY-----\nSENTINEL\nSENTINEL==\nsecretSENTINEL\n-----END "
		"KEY-----\n",
		"service.secrets.KEY = -----BEGIN KEY-----\nSENTINEL\nSENTINEL==\n",
		"service.secret.KEY -----BEGIN KEY-----\nSENTINEL\n",
		"service.secret.KEY = a\nmtu = SENTINEL\n",
	};
	const char *command_line =
		"thimble.service.secret.KEY=\"a\\\"SENTINEL\\\"\" thimble.service.secret.KEY:SENTINEL";
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		report_count = 0;
		read_text(lines[i], "site");
		assert_true(report_count > 0);
		for (size_t j = 0; j < report_count; j++)
			if (strstr(reported[j], "SENTINEL") != NULL)
				fail_msg("%s: the secret is told: %s", lines[i], reported[j]);
	}
	report_count = 0;
	config_read_command_line(&c, command_line, strlen(command_line), report);
	assert_int_equal(report_count, 2);
	assert_string_equal(reported[0],
		"setting refused, from kernel command line: \"thimble.service.secret.KEY\", a "
		"double quote within a value, allowed: 'single quotes' in the value, double "
		"ones around it");
	assert_null(strstr(reported[1], "SENTINEL"));
	/* Others are told as before: behind a good line, and in the next source. */
	report_count = 0;
	read_text("service.secret.KEY = a\nmtu = 1400\nmtu = x\nservice.secret.KEY = a", "site");
	read_text("mtu = y", "site");
	assert_non_null(strstr(reported[0], "mtu = \"x\""));
	assert_non_null(strstr(reported[1], "mtu = \"y\""));
}

static void records_have_no_secret(void **state)
{
	static struct record_view v;
	static char line[CONFIG_VALUE_MAX];
	const char *key, *value;
	(void)state;
	read_text("service.secret.KEY = SENTINEL\nservice.env.HOME = /data\nservice.secret.NONE=", "fw_cfg");
	size_t length = (size_t)snprintf(line, sizeof(line), "service.env.LONG = ");
	memset(line + length, 'x', 1000);
	read_text(line, "site");
	assert_int_equal(record_make_folder("init"), 0);
	assert_int_equal(config_save(&c), 0);
	assert_int_equal(record_read(&v, "init", "config"), 0);
	for (size_t at = 0; record_next(&v, &at, &key, &value);)
		assert_null(strstr(value, "SENTINEL"));
	assert_string_equal(record_get(&v, "service.secret.KEY"), "(set)");
	assert_string_equal(record_get(&v, "service.secret.NONE"), "(set)");
	assert_string_equal(record_get(&v, "origin.service.secret.KEY"), "fw_cfg, line 1");
	assert_string_equal(record_get(&v, "service.env.HOME"), "/data");
	assert_int_equal(strlen(record_get(&v, "service.env.LONG")), 128 + 3);
}

static void a_change_of_any_value_is_seen(void **state)
{
	static const char *const changes[] = {
		"mtu = 9000", "service.env.A = 2", "service.secret.A = 1", "service.env.B = "};
	static struct config before;
	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		config_init(&c);
		read_text("service.env.A = 1\nservice.secret.S = s\n", "image");
		before = c;
		read_text("service.secret.S = s\nservice.env.A = 1", "later"); /* the same in another order */
		assert_true(config_same(&before, &c));
		read_text(changes[i], "later");
		assert_false(config_same(&before, &c));
		assert_false(config_same(&c, &before));
	}
}

static void list_is_split_and_trimmed(void **state)
{
	const char *at = " a:1 , b:2,,c ", *item;
	size_t length;
	(void)state;
	assert_true(config_next_item(&at, &item, &length));
	assert_memory_equal(item, "a:1", length);
	assert_true(config_next_item(&at, &item, &length));
	assert_memory_equal(item, "b:2", length);
	assert_true(config_next_item(&at, &item, &length));
	assert_int_equal(length, 1);
	assert_false(config_next_item(&at, &item, &length));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_default_is_valid, fresh),
		cmocka_unit_test_setup(later_source_wins_and_is_remembered, fresh),
		cmocka_unit_test_setup(bad_line_is_refused_alone, fresh),
		cmocka_unit_test_setup(lines_of_one_source_add_up, fresh),
		cmocka_unit_test_setup(each_key_has_good_and_bad_values, fresh),
		cmocka_unit_test_setup(bad_guard_lets_nobody_in, fresh),
		cmocka_unit_test_setup(bad_console_and_trust_grant_the_least, fresh),
		cmocka_unit_test_setup(record_that_cannot_be_read_lets_nobody_in, fresh),
		cmocka_unit_test_setup(hostile_bytes_are_quoted_and_escaped, fresh),
		cmocka_unit_test_setup(command_line_takes_its_own_words_only, fresh),
		cmocka_unit_test_setup(a_double_quote_within_a_value_of_the_command_line_is_refused, fresh),
		cmocka_unit_test_setup(as_many_arguments_as_there_is_room_for, fresh),
		cmocka_unit_test_setup(room_is_found_again, fresh),
		cmocka_unit_test_setup(children_read_what_init_wrote, fresh),
		cmocka_unit_test_setup(one_key_alone, fresh),
		cmocka_unit_test_setup(later_variable_wins_by_its_name, fresh),
		cmocka_unit_test_setup(bad_variables_are_refused_alone, fresh),
		cmocka_unit_test_setup(variables_are_bounded, fresh),
		cmocka_unit_test_setup(errors_do_not_quote_secrets, fresh),
		cmocka_unit_test_setup(records_have_no_secret, fresh),
		cmocka_unit_test_setup(a_change_of_any_value_is_seen, fresh),
		cmocka_unit_test_setup(list_is_split_and_trimmed, fresh),
	};
	return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
