/* Words from any line: each is a string of its own behind the one before, nothing is longer than what it came from, and the
 * words in single quotes, parted again, are the same. */
#include "common/arguments.h"
#include "common/text.h"
#include "fuzz.h"

/* WORD in single quotes; one within it ends them, stands escaped, and begins them anew. */
static void add_quoted(struct text *t, const char *word)
{
	text_add(t, " '");
	for (; *word != '\0'; word++)
		if (*word == '\'')
			text_put(t, "'\\''", 4);
		else
			text_put(t, word, 1);
	text_add(t, "'");
}

static void parted_again_is_the_same(char **words, size_t count, size_t size)
{
	struct text t = {.size = 4 * size + 8};
	char **again = malloc((count + 1) * sizeof(*again));
	size_t counted;
	t.data = malloc(t.size);
	text_clear(&t);
	for (size_t i = 0; i < count; i++)
		add_quoted(&t, words[i]);
	must(!t.overflow);
	must(arguments_split(t.data, again, count + 1, &counted) == NULL && counted == count);
	for (size_t i = 0; i < count; i++)
		must(strcmp(words[i], again[i]) == 0);
	free(t.data);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = copy_of(data, size, true), *counted_line = copy_of(data, size, true);
	size_t length = strlen(line), max = length + 2, count, counted;
	char **words = malloc(max * sizeof(*words));
	const char *why = arguments_split(line, words, max, &count);
	const char *other = arguments_split(counted_line, NULL, max, &counted);
	must((why == NULL) == (other == NULL) && count == counted && (why == NULL || count == 0));
	if (why == NULL) {
		must(words[count] == NULL);
		for (size_t i = 0; i < count; i++)
			must(words[i] >= (i == 0 ? line : words[i - 1] + strlen(words[i - 1]) + 1) &&
				words[i] + strlen(words[i]) <= line + length);
		parted_again_is_the_same(words, count, length);
	}
	free(words);
	free(line);
	free(counted_line);
	return 0;
}
