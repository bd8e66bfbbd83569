#include "system.h"

#include <string.h>

#include "common/text.h"

/* Within 30 years, as microseconds. */
static bool read_signed(const char *text, int64_t *value)
{
	uint64_t number;
	bool negative = text != NULL && text[0] == '-';
	if (text == NULL || !parse_number(text + negative, 0, 1000000000000000, &number))
		return false;
	*value = negative ? -(int64_t)number : (int64_t)number;
	return true;
}

void system_record_read(struct system_record *s, const struct record_view *v, enum record_status status)
{
	memset(s, 0, sizeof(*s));
	s->status = status;
	s->uptime_s = s->clock_unix_s = s->memory_total_bytes = s->memory_available_bytes = -1;
	if (status != RECORD_READ)
		return;
	COPY(s->appliance, record_get(v, "appliance"));
	COPY(s->version, record_get(v, "version"));
	COPY(s->hostname, record_get(v, "hostname"));
	COPY(s->kernel, record_get(v, "kernel"));
	COPY(s->arch, record_get(v, "arch"));
	COPY(s->machine, record_get(v, "machine"));
	COPY(s->clock_source, record_get(v, "clock_source"));
	COPY(s->clock_ntp, record_get(v, "clock_ntp"));
	COPY(s->clock_server, record_get(v, "clock_server"));
	s->clock_offset_told = read_signed(record_get(v, "clock_offset_us"), &s->clock_offset_us);
	COPY(s->watchdog, record_get(v, "watchdog"));
	COPY(s->stopping_reason, record_get(v, "stopping_reason"));
	const char *state = record_get(v, "state");
	s->stopping = state != NULL && strcmp(state, "stopping") == 0;
	s->debug = record_get_number(v, "debug", 0) != 0;
	s->uptime_s = record_get_number(v, "uptime_s", -1);
	s->clock_unix_s = record_get_number(v, "clock_unix_s", -1);
	s->memory_total_bytes = record_get_number(v, "memory_total_bytes", -1);
	s->memory_available_bytes = record_get_number(v, "memory_available_bytes", -1);
	s->refused_count = record_get_number(v, "settings_refused", 0);
	const char *line;
	while (s->refused_listed < REFUSED_MAX &&
		(line = record_get_item(v, "setting_refused", s->refused_listed + 1)) != NULL)
		COPY(s->refused[s->refused_listed++], line);
	if (s->refused_count < s->refused_listed)
		s->refused_count = s->refused_listed;
}
