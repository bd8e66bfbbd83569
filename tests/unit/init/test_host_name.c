/* The machine's name: the setting's stays, DHCP's is judged and taken, none changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "host_name.h"

/* In place of the machine's own. */
static char set[256];
static int set_count;

int __wrap_sethostname(const char *name, size_t length);
int __wrap_sethostname(const char *name, size_t length)
{
	snprintf(set, sizeof(set), "%.*s", (int)length, name);
	set_count++;
	return 0;
}

static char log_text[8192];

void __wrap_log_line(int level, const char *format, ...);
void __wrap_log_line(int level, const char *format, ...)
{
	size_t used = strlen(log_text);
	va_list arguments;
	(void)level;
	va_start(arguments, format);
	vsnprintf(log_text + used, sizeof(log_text) - used, format, arguments);
	va_end(arguments);
}

static struct host_name name;
static struct config config;

static int begin(void **state)
{
	(void)state;
	config_init(&config);
	name = (struct host_name){0};
	set_count = 0;
	host_name_begin(&name, &config);
	log_text[0] = '\0';
	return 0;
}

static void of_the_mac_until_dhcp_gives_one(void **state)
{
	(void)state;
	assert_int_equal(strncmp(set, "thimble", 7), 0);
	assert_string_equal(name.origin, "mac");
	assert_string_equal(name.at_boot, set);
	host_name_follow(&name, NULL);
	assert_string_equal(name.origin, "mac");
	host_name_follow(&name, "relay7.corp.example");
	assert_string_equal(set, "relay7.corp.example");
	assert_string_equal(name.origin, "dhcp");
	assert_non_null(strstr(log_text, "relay7.corp.example"));
	/* dhcpcd goes on with the first. */
	assert_int_equal(strncmp(name.at_boot, "thimble", 7), 0);
}

static void stays_without_a_lease_and_follows_another(void **state)
{
	(void)state;
	host_name_follow(&name, "one");
	host_name_follow(&name, NULL);
	host_name_follow(&name, "one");
	assert_string_equal(set, "one");
	assert_int_equal(set_count, 2);
	host_name_follow(&name, "two");
	assert_string_equal(set, "two");
}

static void the_settings_stays(void **state)
{
	char message[200];
	struct text error = TEXT(message);
	(void)state;
	assert_true(config_set(&config, "hostname", 8, "mine", 4, "test", &error));
	host_name_begin(&name, &config);
	host_name_follow(&name, "theirs");
	assert_string_equal(set, "mine");
	assert_string_equal(name.origin, "setting");
	assert_string_equal(name.at_boot, "mine");
}

static void a_bad_one_is_told_of_once(void **state)
{
	static const char *const bad[] = {"", ".", "-a", "a-", "a..b", "a_b", "a b", "relay\\x1b[2J",
		"`reboot`", "42", "a.42", "name.",
		"x123456789.123456789.123456789.123456789.123456789.123456789.123a" /* 65 */};
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char quoted[140];
		begin(NULL);
		host_name_follow(&name, "good");
		host_name_follow(&name, bad[i]);
		assert_string_equal(set, "good");
		assert_int_equal(set_count, 2);
		snprintf(quoted, sizeof(quoted), "host name refused, from DHCP: \"%s\", allowed: ", bad[i]);
		if (strstr(log_text, quoted) == NULL)
			fail_msg("expected %s\ngot %s", quoted, log_text);
		log_text[0] = '\0';
		host_name_follow(&name, bad[i]);
		assert_string_equal(log_text, "");
		host_name_follow(&name, "good");
		assert_string_equal(set, "good");
	}
}

static void the_longest_and_what_is_cut(void **state)
{
	char longest[65], absurd[1025] = "";
	(void)state;
	memset(longest, 'a', sizeof(longest));
	longest[40] = '.';
	longest[64] = '\0';
	host_name_follow(&name, longest);
	assert_string_equal(set, longest);
	memset(absurd, 'a', sizeof(absurd) - 1);
	host_name_follow(&name, absurd);
	assert_string_equal(set, longest);
	assert_true(strlen(log_text) > 64);
	log_text[0] = '\0';
	host_name_follow(&name, absurd);
	assert_string_equal(log_text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(of_the_mac_until_dhcp_gives_one, begin),
		cmocka_unit_test_setup(stays_without_a_lease_and_follows_another, begin),
		cmocka_unit_test_setup(the_settings_stays, begin),
		cmocka_unit_test_setup(a_bad_one_is_told_of_once, begin),
		cmocka_unit_test_setup(the_longest_and_what_is_cut, begin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
