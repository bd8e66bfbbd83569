/* A frame costs only what changed, and nothing foreign gets to the terminal. */
#include "fixture.h"

#include "paint.h"

static struct paint paint;
static struct grid next;
static char bytes[PAINT_BYTES_MAX];
static struct text out;

static void begin(bool virtual_terminal, int columns, int rows)
{
	paint.virtual_terminal = virtual_terminal;
	out = (struct text)TEXT(bytes);
	text_clear(&out);
	paint_begin(&paint, &out, columns, rows, true);

	text_clear(&out);
	grid_reset(&next, columns, rows);
}

/* What paint_update writes for `next`. */
static const char *painted(void)
{
	text_clear(&out);
	assert_true(paint_update(&paint, &out, &next));
	assert_false(out.overflow);
	return out.data;
}

static void test_nothing_changed(void **unused)
{
	(void)unused;
	begin(false, 80, 24);
	assert_string_equal(painted(), "");
	grid_put(&next, 3, 5, ATTRIBUTE_BAD, "down", 4);
	assert_string_not_equal(painted(), "");
	assert_string_equal(painted(), "");
}

static void test_one_cell(void **unused)
{
	(void)unused;
	begin(false, 80, 24);
	grid_put(&next, 3, 5, ATTRIBUTE_NORMAL, "up 1 s", 6);
	painted();
	grid_put(&next, 3, 5, ATTRIBUTE_NORMAL, "up 2 s", 6);
	assert_string_equal(painted(), "\033[4;9H2");
}

static void test_attribute_is_reset_after_a_frame(void **unused)
{
	(void)unused;
	begin(false, 80, 24);
	grid_put(&next, 0, 0, ATTRIBUTE_STRONG, "x", 1);
	assert_string_equal(painted(), "\033[1;1H\033[0;1mx\033[0m");
}

static void test_a_shorter_row_is_erased(void **unused)
{
	(void)unused;
	begin(false, 80, 24);
	grid_put(&next, 2, 0, ATTRIBUTE_NORMAL, "along line", 10);
	painted();
	grid_fill(&next, 2, 1, 40, ATTRIBUTE_NORMAL, ' ');
	assert_string_equal(painted(), "\033[3;2H\033[K");
}

static void test_near_changes_share_a_position(void **unused)
{
	(void)unused;
	begin(false, 80, 24);
	grid_put(&next, 2, 0, ATTRIBUTE_NORMAL, "a--b                       c", 28);
	painted();
	grid_put(&next, 2, 0, ATTRIBUTE_NORMAL, "A--B                       C", 28);
	assert_string_equal(painted(), "\033[3;1HA--B\033[3;28HC");
}

static void test_rule_glyph(void **unused)
{
	(void)unused;
	begin(true, 80, 24);
	grid_fill(&next, 1, 0, 1, ATTRIBUTE_NORMAL, GLYPH_LINE);
	assert_string_equal(painted(), "\033[2;1H\304");
	begin(false, 80, 24);
	grid_fill(&next, 1, 0, 1, ATTRIBUTE_NORMAL, GLYPH_LINE);
	assert_string_equal(painted(), "\033[2;1H-");
}

static void test_last_cell_is_never_written(void **unused)
{
	(void)unused;
	begin(false, 10, 3);
	for (int row = 0; row < 3; row++)
		grid_fill(&next, row, 0, 10, ATTRIBUTE_NORMAL, '#');
	assert_string_equal(painted(), "\033[1;1H##########\033[2;1H##########\033[3;1H#########");
}

static void test_small_buffer_takes_several_turns(void **unused)
{
	char small[256];
	int turns = 0;
	(void)unused;
	begin(false, 80, 24);
	for (int row = 0; row < 24; row++)
		for (int column = 0; column < 80; column++)
			grid_fill(&next, row, column, 1, (enum attribute)(column % ATTRIBUTE_COUNT), 'x');
	struct text t = TEXT(small);
	do {
		text_clear(&t);
		assert_true(++turns < 1000);
	} while (!paint_update(&paint, &t, &next));
	assert_false(t.overflow);
	assert_true(turns > 10);
	assert_string_equal(painted(), "");
}

static void test_foreign_bytes_become_question_marks(void **unused)
{
	static const char evil[] = "a\033[2J\nb\x9b"
				   "2J\xc3\xa4\xff\x80z";
	(void)unused;
	begin(false, 80, 24);
	grid_put(&next, 0, 0, ATTRIBUTE_NORMAL, evil, sizeof(evil) - 1);
	assert_string_equal(painted(), "\033[1;1Ha?[2J?b?2J??z");
}

static void test_short_text_has_a_mark(void **unused)
{
	(void)unused;
	begin(false, 80, 24);
	assert_int_equal(grid_put_short(&next, 0, 0, 10, ATTRIBUTE_NORMAL, "0123456789"), 10);
	assert_int_equal(grid_put_short(&next, 1, 0, 9, ATTRIBUTE_NORMAL, "0123456789"), 9);
	assert_int_equal(grid_put_short(&next, 2, 0, 2, ATTRIBUTE_NORMAL, "0123456789"), 2);
	assert_int_equal(grid_put_short(&next, 3, 0, 0, ATTRIBUTE_NORMAL, "0123456789"), 0);
	assert_string_equal(painted(), "\033[1;1H0123456789\033[2;1H012345...\033[3;1H..");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_changed),
		cmocka_unit_test(test_one_cell),
		cmocka_unit_test(test_attribute_is_reset_after_a_frame),
		cmocka_unit_test(test_a_shorter_row_is_erased),
		cmocka_unit_test(test_near_changes_share_a_position),
		cmocka_unit_test(test_rule_glyph),
		cmocka_unit_test(test_last_cell_is_never_written),
		cmocka_unit_test(test_small_buffer_takes_several_turns),
		cmocka_unit_test(test_foreign_bytes_become_question_marks),
		cmocka_unit_test(test_short_text_has_a_mark),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
