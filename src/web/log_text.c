#include "log_text.h"

#include <string.h>
#include <time.h>

#include "views.h"

void text_add_log_time(struct text *t, int64_t ms, int64_t boot_unix_ms)
{
	struct tm utc;
	/* Keeps the sum below in range: a record may hold any time. */
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

static void add_log_line(struct text *t, const struct log_entry *e, int64_t boot_unix_ms)
{
	text_add_log_time(t, e->time_ms, boot_unix_ms);
	text_add(t, " %s %.*s: %.*s\n", log_level_word(e->level), (int)e->name_bytes, e->name,
		(int)e->text_bytes, e->text);
}

size_t log_last_lines(const struct log_record *s, unsigned count)
{
	struct log_entry e;
	size_t from = s->bytes;
	while (count-- > 0 && log_lines_previous(s->lines, &from, &e))
		;
	return from;
}

/* Where the newest lines begin that fit into ROOM bytes as they are written here. */
static size_t first_that_fits(const struct log_record *s, size_t room, int64_t boot_unix_ms)
{
	char line[LOG_LINE_BYTES_MAX + 64];
	struct log_entry e;
	size_t from = s->bytes;
	for (size_t at = from; log_lines_previous(s->lines, &at, &e); from = at) {
		struct text t = TEXT(line);
		add_log_line(&t, &e, boot_unix_ms);
		if (t.used > room)
			break;
		room -= t.used;
	}
	return from;
}

void log_write(struct answer *a, const struct facts *f, int64_t now_ms)
{
	const struct log_record *s = &f->status.log;
	struct log_entry e;
	(void)now_ms;
	answer_begin(a, s->status == RECORD_READ ? 200 : 503, "text/plain; charset=utf-8");
	if (s->status != RECORD_READ)
		text_add(&a->body, "%s\n",
			s->status == RECORD_MISSING ? "no lines yet" : "log/lines is unreadable");
	for (size_t at = first_that_fits(s, ANSWER_BYTES_MAX - 1, f->boot_unix_ms);
		log_lines_next(s->lines, s->bytes, &at, &e);)
		add_log_line(&a->body, &e, f->boot_unix_ms);
}
