/* The relay's settings are read from the configuration, and what cannot be held is made smaller. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "settings.h"

static struct config config;
static struct settings settings;
static char message[256];
static struct text error = {.data = message, .size = sizeof(message)};

/* Past config_set, as a record written by hand might be. */
static bool read_with(enum config_key key, const char *value)
{
	config_init(&config);
	text_clear(&error);
	config.entry[key].value = (uint16_t)config.used;
	snprintf(config.bytes + config.used, CONFIG_BYTES_MAX - config.used, "%s", value);
	return settings_read(&settings, &config, &error);
}

static void test_defaults(void **state)
{
	(void)state;
	config_init(&config);
	assert_true(settings_read(&settings, &config, &error));
	assert_int_equal(settings.listen_count, 1);
	assert_int_equal(settings.listen[0].port, 1688);
	assert_int_equal(settings.listen[0].address.ss_family, AF_INET6);
	assert_int_equal(settings.item_count, 0);
	assert_int_equal(settings.max_connections, 4096);
	assert_int_equal(settings.idle_timeout_ms, 300000);
	assert_true(settings.allow.on_link);
	assert_int_equal(settings.allow.count, 0);
	assert_false(settings.guard);
	assert_true(settings.splice);
	assert_false(settings.proxy_header || settings.log_sessions);
}

static void test_lists(void **state)
{
	(void)state;
	assert_true(read_with(
		CONFIG_RELAY_UPSTREAM, "192.0.2.1:1, host.example:2 ,[2001:db8::1]:3,srv:_kms._tcp"));
	assert_int_equal(settings.item_count, 4);
	assert_true(settings.item[0].literal);
	assert_false(settings.item[1].literal);
	assert_string_equal(settings.item[1].endpoint.host, "host.example");
	assert_int_equal(settings.item[2].endpoint.port, 3);
	assert_true(settings.item[3].service);
	assert_false(settings.item[3].literal);
	assert_string_equal(settings.item[3].text, "srv:_kms._tcp");
}

static bool allows(const char *address)
{
	struct prefix p;
	assert_true(prefix_parse(&p, address, strlen(address)));
	for (size_t i = 0; i < settings.allow.count; i++)
		if (prefix_contains(&settings.allow.list[i], &p.address))
			return true;
	return false;
}

static void test_gate(void **state)
{
	(void)state;
	assert_true(read_with(CONFIG_RELAY_ALLOW, "10.1.0.0/16,2001:db8::/32"));
	assert_false(settings.allow.on_link);
	assert_true(allows("10.1.255.255"));
	assert_false(allows("10.2.0.0"));
	assert_true(allows("2001:db8:ffff::1"));
	assert_false(allows("2001:db9::"));
	assert_true(read_with(CONFIG_RELAY_ALLOW, "::/0,on-link"));
	assert_true(settings.allow.on_link);
	assert_true(allows("2001:db9::"));
	assert_false(allows("10.1.0.1")); /* IPv4 has a prefix of its own */
	assert_true(read_with(CONFIG_RELAY_GUARD,
		"dcerpc:51c82175-844e-4750-b0d8-ec255555bc06,E1AF8308-5D1F-11C9-91A4-08002B14A0FA"));
	assert_int_equal(settings.guarded_count, 2);
	assert_int_equal(settings.guarded[0].bytes[0], 0x51);
	assert_int_equal(settings.guarded[1].bytes[15], 0xfa);
}

static void test_bad_items_are_left_out_and_named(void **state)
{
	(void)state;
	assert_false(read_with(CONFIG_RELAY_UPSTREAM, "192.0.2.1:1,\033[2J:5,192.0.2.2:70000,192.0.2.3:3"));
	assert_int_equal(settings.item_count, 2);
	assert_int_equal(settings.item[1].endpoint.port, 3);
	assert_non_null(strstr(message, "relay.upstream: \"192.0.2.2:70000\" left out, allowed: "));
	assert_false(read_with(CONFIG_RELAY_UPSTREAM, "\033[2J:5"));
	assert_non_null(strstr(message, "\\x1b[2J:5"));
}

static void test_names_are_no_place_to_listen(void **state)
{
	(void)state;
	assert_false(read_with(CONFIG_RELAY_LISTEN, "host.example:1688,0.0.0.0:1688"));
	assert_int_equal(settings.listen_count, 1);
	assert_int_equal(settings.listen[0].address.ss_family, AF_INET);
}

static void test_too_many(void **state)
{
	(void)state;
	assert_false(read_with(CONFIG_RELAY_LISTEN,
		"0.0.0.0:1,0.0.0.0:2,0.0.0.0:3,0.0.0.0:4,0.0.0.0:5,0.0.0.0:6,0.0.0.0:7,0.0.0.0:8,0.0.0.0:9"));
	assert_int_equal(settings.listen_count, LISTENERS_MAX);
	assert_non_null(strstr(message, "\"0.0.0.0:9\" left out"));
}

static void test_sessions_for(void **state)
{
	unsigned pipes;
	(void)state;
	assert_int_equal(settings_sessions_for(4096, 1048576, &pipes), 4096);
	assert_int_equal(pipes, 640);
	assert_int_equal(settings_sessions_for(100000, SIZE_MAX, &pipes), 100000);
	for (size_t files = 0; files < 70000; files += 7) {
		size_t sessions = settings_sessions_for(4096, files, &pipes);
		assert_in_range(sessions, 1, 4096);
		if (files >= 64)
			assert_in_range(2 * sessions + 2 * pipes + 16, 0, files);
		if (files >= 64)
			assert_in_range(pipes, 1, 640);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_gate),
		cmocka_unit_test(test_bad_items_are_left_out_and_named),
		cmocka_unit_test(test_names_are_no_place_to_listen),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_sessions_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
