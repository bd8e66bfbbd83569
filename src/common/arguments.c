#include "common/arguments.h"

#include <string.h>

static const char blanks[] = " \t";

/* One word: from *FROM to a space or tab, its bytes to *TO without quotes. NULL, or why it has no end. */
static const char *next_argument(char **from, char **to)
{
	char quote = '\0';
	for (; **from != '\0' && (quote != '\0' || strchr(blanks, **from) == NULL); (*from)++) {
		char c = **from, next = (*from)[1];
		if (c == quote) {
			quote = '\0';
			continue;
		}
		if (quote == '\0' && (c == '"' || c == '\'')) {
			quote = c;
			continue;
		}
		if (c == '\\' &&
			(quote == '\0' || (quote == '"' && next != '\0' && strchr("\\\"$`", next) != NULL))) {
			if (next == '\0')
				return "a backslash at the end";
			(*from)++;
		}
		*(*to)++ = **from;
	}
	return quote == '"' ? "an open double quote" : quote == '\'' ? "an open single quote" : NULL;
}

const char *arguments_split(char *line, char **words, size_t max, size_t *count)
{
	const char *why = NULL;
	char *from = line, *to = line;
	size_t found = 0;
	*count = 0;
	for (from += strspn(from, blanks); *from != '\0'; from += strspn(from, blanks)) {
		if (found + 1 >= max)
			return "too many words";
		if (words != NULL)
			words[found] = to;
		found++;
		why = next_argument(&from, &to);
		if (why != NULL)
			return why;
		if (*from != '\0')
			from++;
		*to++ = '\0';
	}
	if (words != NULL)
		words[found] = NULL;
	*count = found;
	return NULL;
}
