/* A container's settings from variables and arguments: which is whose, what is refused, what is left alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gather.h"

static struct config config;
static char last_error[512];
static unsigned errors;

static void keep_error(const char *error)
{
	errors++;
	strncpy(last_error, error, sizeof(last_error) - 1);
}

static int setup(void **state)
{
	(void)state;
	config_init(&config);
	errors = 0;
	return 0;
}

static void each_setting_has_a_variable_of_its_own(void **state)
{
	char name[CONFIG_KEY_COUNT][VARIABLE_NAME_MAX];
	(void)state;
	for (int i = 0; i < CONFIG_KEY_COUNT; i++) {
		variable_name(name[i], (enum config_key)i);
		assert_true(strlen(name[i]) > strlen("THIMBLE_"));
		assert_string_not_equal(name[i], "THIMBLE_RUN");
		/* The origin, "variable NAME", fits. */
		assert_true(strlen("variable ") + strlen(name[i]) < CONFIG_ORIGIN_MAX);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(name[i], name[j]);
	}
	assert_string_equal(name[CONFIG_RELAY_UPSTREAM], "THIMBLE_RELAY_UPSTREAM");
	assert_string_equal(
		name[CONFIG_RELAY_MAX_CONNECTIONS_PER_CLIENT], "THIMBLE_RELAY_MAX_CONNECTIONS_PER_CLIENT");
}

static void variables_set_their_settings(void **state)
{
	char *environment[] = {"PATH=/bin", "THIMBLE_RELAY_UPSTREAM=192.0.2.1:1688",
		"THIMBLE_RELAY_SPLICE=off", "THIMBLE_SERVICE_ARGS=--a=b  c", "THIMBLE_SEARCH=", NULL};
	(void)state;
	gather_environment(&config, environment, keep_error);
	assert_int_equal(errors, 0);
	assert_int_equal(config.refused, 0);
	assert_string_equal(config_get(&config, CONFIG_RELAY_UPSTREAM), "192.0.2.1:1688");
	assert_string_equal(config_origin(&config, CONFIG_RELAY_UPSTREAM), "variable THIMBLE_RELAY_UPSTREAM");
	assert_string_equal(config_get(&config, CONFIG_RELAY_SPLICE), "off");
	assert_string_equal(config_get(&config, CONFIG_SERVICE_ARGS), "--a=b  c");
}

static void others_are_left_alone(void **state)
{
	char *environment[] = {"THIMBLE_RUN=/nowhere", "THIMBLE_PORT=tcp://10.0.0.1:1688", "THIMBLE_=x",
		"THIMBLE_RELAY_UPSTREAM", "thimble_relay_splice=off", "THIMBLE_RELAY_SPLICE_X=off",
		"THIMBLE_RELAY_SPLIC=off", "=", "", NULL};
	static struct config before;
	(void)state;
	before = config;
	gather_environment(&config, environment, keep_error);
	assert_int_equal(errors, 0);
	assert_memory_equal(config.entry, before.entry, sizeof(config.entry));
	assert_int_equal(config.refused, before.refused);
}

static void a_bad_variable_is_told_with_its_name(void **state)
{
	char *environment[] = {"THIMBLE_RELAY_MAX_CONNECTIONS_PER_CLIENT=-1", NULL};
	(void)state;
	gather_environment(&config, environment, keep_error);
	assert_int_equal(errors, 1);
	assert_int_equal(config.refused, 1);
	assert_string_equal(last_error,
		"setting refused, from variable THIMBLE_RELAY_MAX_CONNECTIONS_PER_CLIENT: "
		"relay.max-connections-per-client = \"-1\", allowed: a number from 0 to 100000");
}

static void arguments_are_numbered(void **state)
{
	char *arguments[] = {"relay.splice=off", "relay.log=much", "", "x", "=y", NULL};
	(void)state;
	gather_arguments(&config, arguments, keep_error);
	assert_string_equal(config_get(&config, CONFIG_RELAY_SPLICE), "off");
	assert_string_equal(config_origin(&config, CONFIG_RELAY_SPLICE), "argument 1");
	assert_int_equal(errors, 4);
	assert_int_equal(config.refused, 4);
	assert_string_equal(last_error, "setting refused, from argument 5: \"\" is no setting");
}

/* As long as the kernel lets one be (MAX_ARG_STRLEN), with bytes that would move a cursor. */
static void overlong_ones_are_refused_and_shown_harmless(void **state)
{
	enum { LENGTH = 128 * 1024 };
	char *value = malloc(LENGTH), *name = malloc(LENGTH);
	char *environment[] = {value, name, NULL}, *arguments[] = {name, value, NULL};
	(void)state;
	assert_non_null(value);
	assert_non_null(name);
	memset(value, '\033', LENGTH);
	memcpy(value, "THIMBLE_RELAY_UPSTREAM=", strlen("THIMBLE_RELAY_UPSTREAM="));
	memset(name, '\033', LENGTH);
	memcpy(name, "THIMBLE_", strlen("THIMBLE_"));
	value[LENGTH - 1] = name[LENGTH - 1] = '\0';
	name[LENGTH - 2] = '=';
	gather_environment(&config, environment, keep_error);
	assert_int_equal(errors, 1);
	gather_arguments(&config, arguments, keep_error);
	assert_int_equal(errors, 3);
	assert_null(strchr(last_error, '\033'));
	free(value);
	free(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_setting_has_a_variable_of_its_own, setup),
		cmocka_unit_test_setup(variables_set_their_settings, setup),
		cmocka_unit_test_setup(others_are_left_alone, setup),
		cmocka_unit_test_setup(a_bad_variable_is_told_with_its_name, setup),
		cmocka_unit_test_setup(arguments_are_numbered, setup),
		cmocka_unit_test_setup(overlong_ones_are_refused_and_shown_harmless, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
