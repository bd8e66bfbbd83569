/* What the record says for each thing that ntpd tells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "state.h"

static struct state state;
static struct servers asked;
static struct record record;

static int begin(void **unused)
{
	(void)unused;
	state = (struct state){0};
	asked = (struct servers){.count = 1, .host = {"192.0.2.1"}};
	state_set(&state, CLOCK_ASKING, 1000);
	return 0;
}

static void tell(enum report_action action, unsigned stratum, int64_t offset_us, int64_t now_ms)
{
	struct report r = {.action = action, .stratum = stratum, .offset_us = offset_us, .peer = "192.0.2.1"};
	state_report(&state, &r, now_ms);
}

static void expect(const char *text)
{
	state_to_record(&record, &state, &asked);
	assert_string_equal(record.data, text);
}

static void from_asking_to_in_step_and_lost(void **unused)
{
	(void)unused;
	expect("state=asking\nsince_ms=1000\nasked_origin=dhcp\nasked.1=192.0.2.1\n");
	assert_false(state_good(&state));
	tell(REPORT_STEP, 16, INT64_C(788918400000000), 2000);
	expect("state=set\nsince_ms=2000\nsource=ntp\nserver=192.0.2.1\ntold_ms=2000\nasked_origin="
	       "dhcp\nasked.1=192.0.2.1\n");
	assert_true(state_good(&state));
	tell(REPORT_STRATUM, 3, -321, 34000);
	tell(REPORT_PERIODIC, 3, 12, 694000);
	expect("state=synchronised\nsince_ms=34000\nsource=ntp\nserver=192.0.2.1\ntold_ms=694000\nstratum="
	       "3\noffset_us=12\n"
	       "asked_origin=dhcp\nasked.1=192.0.2.1\n");
	tell(REPORT_UNSYNC, 16, 0, 700000);
	expect("state=lost\nsince_ms=700000\nsource=ntp\nserver=192.0.2.1\ntold_ms=700000\nasked_origin="
	       "dhcp\n"
	       "asked.1=192.0.2.1\n");
	assert_false(state_good(&state));
}

static void eleven_minutes_without_an_answer_are_no_news(void **unused)
{
	(void)unused;
	tell(REPORT_PERIODIC, 16, 0, 661000);
	expect("state=asking\nsince_ms=1000\nasked_origin=dhcp\nasked.1=192.0.2.1\n");
}

static void others_are_asked_but_the_clock_stays_ntps(void **unused)
{
	(void)unused;
	tell(REPORT_STRATUM, 3, 5, 2000);
	assert_true(state_set(&state, CLOCK_ASKING, 3000));
	assert_false(state_set(&state, CLOCK_ASKING, 4000));
	asked = (struct servers){.of_setting = true, .count = 1, .host = {"ntp.example"}};
	expect("state=asking\nsince_ms=3000\nsource=ntp\nasked_origin=setting\nasked.1=ntp.example\n");
}

static void nobody_to_ask(void **unused)
{
	(void)unused;
	asked.count = 0;
	state_set(&state, CLOCK_OFF, 1);
	expect("state=off\nsince_ms=1\n");
	state_set(&state, CLOCK_NO_SERVERS, 2);
	expect("state=no servers\nsince_ms=2\n");
	state_set(&state, CLOCK_NO_ADDRESS, 3);
	expect("state=no address\nsince_ms=3\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(from_asking_to_in_step_and_lost, begin),
		cmocka_unit_test_setup(eleven_minutes_without_an_answer_are_no_news, begin),
		cmocka_unit_test_setup(others_are_asked_but_the_clock_stays_ntps, begin),
		cmocka_unit_test_setup(nobody_to_ask, begin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
