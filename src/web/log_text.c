#include "log_text.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "common/log_lines.h"

static char lines[LOG_LINES_BYTES_MAX];

void text_add_log_time(struct text *t, int64_t ms, int64_t boot_unix_ms)
{
	struct tm utc;
	/* A line of the future, or of a year that no calendar has, is no reason to add up numbers. */
	bool dated = boot_unix_ms >= 0 && ms >= 0 && ms < INT64_MAX / 4 && boot_unix_ms < INT64_MAX / 4;
	int64_t unix_ms = dated ? boot_unix_ms + ms : 0;
	time_t seconds = (time_t)(unix_ms / 1000);
	if (dated && gmtime_r(&seconds, &utc) != NULL)
		text_add(t, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900, utc.tm_mon + 1,
			utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, (int)(unix_ms % 1000));
	else
		text_add(t, "%lld.%03llds", (long long)(ms / 1000), (long long)(ms % 1000));
}

const char *log_level_word(unsigned level)
{
	static const char *const words[] = {
		"emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"};
	return level < sizeof(words) / sizeof(words[0]) ? words[level] : "?";
}

static void add_line(struct text *t, const struct log_entry *e, int64_t boot_unix_ms)
{
	text_add_log_time(t, e->time_ms, boot_unix_ms);
	text_add(t, " %s %.*s: %.*s\n", log_level_word(e->level), (int)e->name_bytes, e->name,
		(int)e->text_bytes, e->text);
}

/* Where the newest lines begin that fit into ROOM bytes as they are written here. */
static size_t first_that_fits(size_t length, size_t room, int64_t boot_unix_ms)
{
	char line[LOG_LINE_BYTES_MAX + 64];
	struct log_entry e;
	size_t from = length;
	for (size_t at = length; log_lines_previous(lines, &at, &e); from = at) {
		struct text t = TEXT(line);
		text_clear(&t);
		add_line(&t, &e, boot_unix_ms);
		if (t.used > room)
			break;
		room -= t.used;
	}
	return from;
}

void log_text_write(struct answer *a, int64_t boot_unix_ms)
{
	struct log_entry e;
	answer_begin(a, 200, "text/plain; charset=utf-8");
	ssize_t length = log_lines_read(lines, sizeof(lines));
	if (length < 0) {
		bool missing = errno == ENOENT;
		answer_begin(a, 503, a->type);
		text_add(&a->body, missing ? "no lines yet\n" : "log/lines is unreadable\n");
		return;
	}
	size_t at = first_that_fits((size_t)length, ANSWER_BYTES_MAX - 1, boot_unix_ms);
	while (log_lines_next(lines, (size_t)length, &at, &e))
		add_line(&a->body, &e, boot_unix_ms);
}
