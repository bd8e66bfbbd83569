/* How a process ended, in words. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "exit_words.h"

static void exits_are_put_in_words(void **state)
{
	const struct {
		int status;
		const char *words;
	} cases[] = {
		{W_EXITCODE(0, 0), "exit status 0"},
		{W_EXITCODE(3, 0), "exit status 3"},
		{W_EXITCODE(0, SIGSEGV), "killed by SIGSEGV"},
		{W_EXITCODE(0, SIGKILL), "killed by SIGKILL"},
		{W_EXITCODE(0, 64), "killed by signal 64"},
	};
	char buffer[64];
	struct text t = TEXT(buffer);
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text_clear(&t);
		text_add_exit(&t, cases[i].status);
		assert_string_equal(buffer, cases[i].words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exits_are_put_in_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
