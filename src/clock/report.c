#include "report.h"

#include <stdlib.h>
#include <string.h>

static const char *const action_words[REPORT_ACTION_COUNT] = {
	[REPORT_STEP] = "step",
	[REPORT_STRATUM] = "stratum",
	[REPORT_PERIODIC] = "periodic",
	[REPORT_UNSYNC] = "unsync",
};

/* The next word, up to a space or END. */
static const char *word_before(const char **at, const char *end, size_t *length)
{
	const char *word = *at;
	while (*at < end && **at != ' ')
		++*at;
	*length = (size_t)(*at - word);
	*at += *at < end;
	return word;
}

/* "-12.000345" as printf's %f writes it: six digits behind the point. Within 300 years. */
static bool parse_seconds(const char *s, size_t length, int64_t *us)
{
	bool negative = length > 0 && s[0] == '-';
	uint64_t whole, millionths;
	s += negative;
	length -= negative;
	if (length < 8 || s[length - 7] != '.' || !parse_number_n(s, length - 7, 0, 10000000000, &whole) ||
		!parse_number_n(s + length - 6, 6, 0, 999999, &millionths))
		return false;
	*us = (int64_t)(whole * 1000000 + millionths);
	if (negative)
		*us = -*us;
	return true;
}

static bool parse_action(const char *word, size_t length, enum report_action *action)
{
	for (int i = 0; i < REPORT_ACTION_COUNT; i++)
		if (strlen(action_words[i]) == length && memcmp(action_words[i], word, length) == 0) {
			*action = (enum report_action)i;
			return true;
		}
	return false;
}

bool report_parse(struct report *r, const char *line, size_t length)
{
	const char *at = line, *end = line + length, *word;
	struct report result = {0};
	uint64_t stratum;
	word = word_before(&at, end, &length);
	if (!parse_action(word, length, &result.action))
		return false;
	word = word_before(&at, end, &length);
	if (!parse_number_n(word, length, 0, REPORT_STRATUM_NONE, &stratum))
		return false;
	word = word_before(&at, end, &length);
	if (!parse_seconds(word, length, &result.offset_us))
		return false;
	length = (size_t)(end - at);
	if (length >= sizeof(result.peer))
		return false;
	for (size_t i = 0; i < length; i++)
		if (at[i] <= ' ' || at[i] > '~')
			return false;
	memcpy(result.peer, at, length);
	result.stratum = (unsigned)stratum;
	*r = result;
	return true;
}

static void add_variable(struct text *t, const char *name)
{
	const char *value = getenv(name);
	text_add(t, " %s", value != NULL ? value : "");
}

void text_add_report(struct text *t, const char *action)
{
	text_add(t, "%s", action);
	add_variable(t, "stratum");
	add_variable(t, "offset");
	add_variable(t, "peer");
	text_add(t, "\n");
}
