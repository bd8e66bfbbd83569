/* What children say is passed on line by line with their names; a reader that does not read holds nobody up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "output.h"

static struct loop loop;
static struct output output, own;
static int reader; /* of what goes to the container's stderr */
static char seen[3 * 65536];

/* All that was passed on, as one string. */
static const char *passed_on(void)
{
	ssize_t length = read(reader, seen, sizeof(seen) - 1);
	seen[length > 0 ? length : 0] = '\0';
	return seen;
}

static void add(const char *bytes)
{
	output_add(&output, bytes, strlen(bytes));
}

/* Puts a pipe in place of stderr, as an engine does. */
static int setup(void **state)
{
	int ends[2], before = dup(STDERR_FILENO);
	(void)state;
	if (pipe2(ends, O_CLOEXEC) < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0 ||
		dup2(ends[1], STDERR_FILENO) < 0 || loop_init(&loop) < 0 ||
		output_take_own(&own, &loop, "entry") < 0 || output_open(&output, &loop, "relay") < 0)
		return -1;
	dup2(before, STDERR_FILENO);
	close(before);
	close(ends[1]);
	reader = ends[0];
	return 0;
}

static void lines_get_their_names(void **state)
{
	(void)state;
	add("<4>one\ntw");
	assert_string_equal(passed_on(), "relay: one\n");
	add("o\n\n<9>\n<4\n");
	assert_string_equal(passed_on(), "relay: two\nrelay: <9>\nrelay: <4\n");
}

static void overlong_lines_come_in_pieces(void **state)
{
	static char line[2 * OUTPUT_LINE_MAX + 2];
	(void)state;
	memset(line, 'x', 2 * OUTPUT_LINE_MAX);
	line[2 * OUTPUT_LINE_MAX] = 'y';
	line[2 * OUTPUT_LINE_MAX + 1] = '\n';
	output_add(&output, line, sizeof(line));
	const char *at = passed_on();
	for (int piece = 0; piece < 2; piece++) {
		assert_memory_equal(at, "relay: x", 8);
		at = strchr(at, '\n') + 1;
		assert_int_equal(strspn(at - OUTPUT_LINE_MAX - 1, "x"), OUTPUT_LINE_MAX);
	}
	assert_string_equal(at, "relay: y\n");
}

static void what_waits_is_passed_on_at_the_end(void **state)
{
	static const char bytes[] = "last\nwords";
	(void)state;
	assert_int_equal(write(output.write_fd, bytes, sizeof(bytes) - 1), sizeof(bytes) - 1);
	outputs_flush();
	assert_string_equal(passed_on(), "relay: last\nrelay: words\n");
}

static void without_a_reader_lines_are_dropped_and_counted(void **state)
{
	static char line[1001];
	const char *at;
	(void)state;
	memset(line, 'x', 999);
	line[999] = '\n';
	/* More than the pipe holds: the rest must not block. */
	for (int i = 0; i < 200; i++)
		add(line);
	at = passed_on();
	size_t kept = 0;
	for (const char *end; (end = strchr(at, '\n')) != NULL; at = end + 1)
		kept++;
	assert_true(kept > 0 && kept < 200);
	add("again\n");
	at = passed_on();
	assert_memory_equal(at, "entry: ", 7);
	assert_non_null(strstr(at, " lines dropped: nobody read them\nrelay: again\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_get_their_names),
		cmocka_unit_test(overlong_lines_come_in_pieces),
		cmocka_unit_test(what_waits_is_passed_on_at_the_end),
		cmocka_unit_test(without_a_reader_lines_are_dropped_and_counted),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
