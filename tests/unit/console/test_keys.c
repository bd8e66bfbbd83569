/* Bytes become keys; escape sequences are swallowed whole and never taken for a command. */
#include "fixture.h"

#include "keys.h"

/* Feeds BYTES and writes what came out as text: a letter, <enter>, <esc>, <ROWSxCOLUMNS>. */
static const char *keys_of(struct key_parser *p, const char *bytes)
{
	static char out[256];
	size_t used = 0;
	out[0] = '\0';
	for (; *bytes != '\0'; bytes++) {
		int key = keys_take(p, (unsigned char)*bytes);
		if (key == KEY_NONE)
			continue;
		if (key == KEY_ENTER)
			used += (size_t)snprintf(out + used, sizeof(out) - used, "<enter>");
		else if (key == KEY_ESCAPE)
			used += (size_t)snprintf(out + used, sizeof(out) - used, "<esc>");
		else if (key == KEY_SIZE)
			used += (size_t)snprintf(
				out + used, sizeof(out) - used, "<%dx%d>", p->rows, p->columns);
		else
			used += (size_t)snprintf(out + used, sizeof(out) - used, "%c", key);
	}
	return out;
}

static void test_sequences(void **unused)
{
	static const struct {
		const char *bytes, *keys;
	} cases[] = {
		{"lLnNrRpPyY", "llnnrrppyy"},
		{"\r", "<enter>"},
		{"\n", "<enter>"},
		{"\003\004\023\021\032\034", ""},        /* Ctrl-C D S Q Z \ */
		{"\033[A\033[B\033[C\033[D", ""},        /* arrows */
		{"\033OP\033OR\033Op", ""},              /* F1, F3, keypad 0 */
		{"\033[[A\033[[Cl", "l"},                /* the Linux console's F1, F3 */
		{"\033[15~\033[1;5R\033[200~", "<1x5>"}, /* F5; CPR; paste */
		{"\033[24;80R", "<24x80>"},
		{"\033[?24;80R", ""}, /* DECXCPR is not what was asked for */
		{"\033[0;80R\033[80R\033[R", ""},
		{"\033[99999999999;99999999999R", "<9999x9999>"},
		{"\033[24;80;1R", ""},
		{"\033[1;\030l", "l"}, /* CAN breaks a sequence off */
		{"\033[1;\033[24;80R", "<24x80>"},
		{"\033\033[A", "<esc>"},
		{"\033p", ""}, /* Alt-p */
		{"\033[38;2;1;2;3mr", "r"},
		{"\377\200\303\244", ""},
	};
	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct key_parser p = {0};
		const char *got = keys_of(&p, cases[i].bytes);
		if (strcmp(got, cases[i].keys) != 0)
			fail_msg("case %zu: expected %s, got %s", i, cases[i].keys, got);
	}
}

static void test_lone_escape(void **unused)
{
	struct key_parser p = {0};
	(void)unused;
	assert_int_equal(keys_take(&p, 0x1b), KEY_NONE);
	assert_true(keys_pending(&p));
	assert_int_equal(keys_timeout(&p), KEY_ESCAPE);
	assert_false(keys_pending(&p));
	assert_int_equal(keys_timeout(&p), KEY_NONE);
	assert_string_equal(keys_of(&p, "l"), "l");
}

static void test_late_rest_of_a_sequence_is_no_command(void **unused)
{
	struct key_parser p = {0};
	(void)unused;
	keys_take(&p, 0x1b);
	assert_int_equal(keys_timeout(&p), KEY_ESCAPE);
	assert_string_equal(keys_of(&p, "[24;80Rn"), "<24x80>n");
	keys_take(&p, 0x1b);
	keys_timeout(&p);
	assert_string_equal(keys_of(&p, "ORn"), "n");
}

/* Line noise: whatever comes, only keys that exist come out, and sizes that can be. */
static void test_noise(void **unused)
{
	static const char likely[] = "\033\033[[;;019RO?~n";
	struct key_parser p = {0};
	uint32_t random = 1;
	(void)unused;
	for (int i = 0; i < 1000000; i++) {
		random = random * 1664525 + 1013904223;
		bool any = random >> 30 == 0;
		unsigned char byte =
			(unsigned char)(any ? random >> 16
					    : (uint32_t)likely[(random >> 16) % (sizeof(likely) - 1)]);
		int key = keys_take(&p, byte);
		if (key == KEY_SIZE)
			assert_true(p.rows >= 1 && p.rows <= 9999 && p.columns >= 1 && p.columns <= 9999);
		else
			assert_true(key == KEY_NONE || key == KEY_ENTER || key == KEY_ESCAPE ||
				    (key >= 0x20 && key <= 0x7e));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sequences),
		cmocka_unit_test(test_lone_escape),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_late_rest_of_a_sequence_is_no_command),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
