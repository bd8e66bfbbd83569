/* A line is parted into words as the shell does it: this test's lines are given to a shell as well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/arguments.h"

enum { MAX = 16 };

/* What nothing is expanded in: the shell and we agree on it. */
static const char *const lines[] = {
	"",
	"   ",
	"one",
	"  -a \"b c\"d\t\"\" e ",
	"'a b' \"c d\" e\\ f",
	"a'b'\"c\"d",
	"''",
	"\"\" '' x",
	"'\"' \"'\" \\\" \\'",
	"\"a\\\"b\\\\c\\$d\\`e\\f\"",
	"'a\\b' 'a\\'",
	"a\\\\b \\a",
	"'$HOME' \\$HOME \"\\$HOME\"",
	"--user='Jane Doe' --path=\"/a b/c\"",
	"\xc3\xa9t\xc3\xa9 '\xe2\x80\xa6'",
};

/* The words of LINE as /bin/sh has them, each with a NUL behind it. */
static size_t ask_shell(const char *line, char *bytes, size_t size)
{
	char command[512];
	int ends[2], status;
	size_t used = 0;
	snprintf(command, sizeof(command), "for word in %s; do printf '%%s\\0' \"$word\"; done", line);
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(ends[1], 1);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	for (ssize_t got; (got = read(ends[0], bytes + used, size - used)) > 0;)
		used += (size_t)got;
	close(ends[0]);
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	return used;
}

static void words_are_the_shells(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char expected[512], *copy = strdup(lines[i]), *words[MAX];
		size_t count, length = ask_shell(lines[i], expected, sizeof(expected)), at = 0;
		assert_null(arguments_split(copy, words, MAX, &count));
		for (size_t word = 0; word < count; word++) {
			if (at >= length || strcmp(expected + at, words[word]) != 0)
				fail_msg("%s: word %zu: expected %s, got %s", lines[i], word,
					at < length ? expected + at : "none", words[word]);
			at += strlen(expected + at) + 1;
		}
		assert_int_equal(at, length);
		assert_null(words[count]);
		free(copy);
	}
}

static void what_has_no_end_is_told(void **state)
{
	const struct {
		const char *line, *why;
	} cases[] = {
		{"a \"b", "an open double quote"},
		{"a 'b\\'c'", "an open single quote"},
		{"\"a\\\"", "an open double quote"},
		{"a b\\", "a backslash at the end"},
		{"'", "an open single quote"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *copy = strdup(cases[i].line), *words[MAX];
		size_t count = 7;
		const char *why = arguments_split(copy, words, MAX, &count);
		assert_non_null(why);
		assert_string_equal(why, cases[i].why);
		assert_int_equal(count, 0);
		free(copy);
	}
}

static void too_many_words_are_told(void **state)
{
	char three[] = "a b c", two[] = "a b", counted[] = "a 'b c' d", *words[3];
	size_t count;
	(void)state;
	assert_string_equal(arguments_split(three, words, 3, &count), "too many words");
	assert_null(arguments_split(two, words, 3, &count));
	assert_int_equal(count, 2);
	assert_null(arguments_split(counted, NULL, 4, &count));
	assert_int_equal(count, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_the_shells),
		cmocka_unit_test(what_has_no_end_is_told),
		cmocka_unit_test(too_many_words_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
