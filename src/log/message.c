#include "message.h"

#include <string.h>
#include <time.h>

#include "common/text.h"

enum {
	FACILITY_KERNEL = 0, /* RFC 5424 table 1 */
	FACILITY_DAEMON = 3,
	HOST_NAME_MAX_BYTES = 255,
	SEQUENCE_MAX = 2147483647, /* RFC 5424 7.3.1 */
};

static bool is_kernel(const struct log_entry *e)
{
	static const char kernel[] = "kernel";
	return e->name_bytes == sizeof(kernel) - 1 && memcmp(e->name, kernel, e->name_bytes) == 0;
}

/* RFC 5424 6.2.3; in UTC. */
static void add_time(struct text *t, int64_t unix_ms, bool known)
{
	time_t seconds = (time_t)(unix_ms / 1000);
	struct tm tm;
	if (!known || unix_ms < 0 || gmtime_r(&seconds, &tm) == NULL || tm.tm_year > 9999 - 1900) {
		text_add(t, "- ");
		return;
	}
	text_add(t, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
		tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(unix_ms % 1000));
}

static bool is_host_name(const char *name)
{
	size_t length = strlen(name);
	for (size_t i = 0; i < length; i++)
		if (name[i] <= ' ' || name[i] > '~')
			return false;
	return length > 0 && length <= HOST_NAME_MAX_BYTES;
}

size_t message_write(char bytes[static MESSAGE_BYTES_MAX], const struct log_entry *e, uint64_t number,
	const struct message_origin *o)
{
	char message[MESSAGE_BYTES_MAX + 1];
	struct text t = TEXT(message);
	unsigned facility = is_kernel(e) ? FACILITY_KERNEL : FACILITY_DAEMON;
	text_add(&t, "<%u>1 ", facility * 8 + e->level);
	add_time(&t, o->clock_ahead_ms + e->time_ms, o->clock_known);
	text_add(&t, "%s %.*s - - ", is_host_name(o->host_name) ? o->host_name : "-", (int)e->name_bytes,
		e->name);
	text_add(&t, "[timeQuality tzKnown=\"1\" isSynced=\"%d\"]", o->clock_known && o->clock_in_step);
	/* RFC 5424 7.3: a gap in the lines' numbers shows missing lines; time since boot in hundredths (RFC
	 * 3418). */
	text_add(&t, "[meta sequenceId=\"%llu\" sysUpTime=\"%llu\"] ",
		(unsigned long long)(number - 1) % SEQUENCE_MAX + 1,
		(unsigned long long)e->time_ms / 10 % (UINT64_C(1) << 32));
	text_add(&t, "%.*s", (int)e->text_bytes, e->text);
	memcpy(bytes, message, t.used);
	return t.used;
}
