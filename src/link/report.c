#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/record.h"

static const char folder[] = "link", name[] = "state";

static struct record record;
static char *written; /* NULL: nothing yet */
static unsigned waiting_count, problem_count;

void report_begin(void)
{
	record_begin(&record);
	waiting_count = problem_count = 0;
}

static void add_item(const char *key, unsigned index, const char *value)
{
	char item[RECORD_NAME_MAX];
	snprintf(item, sizeof(item), "%s.%u", key, index);
	record_add(&record, item, "%s", value);
}

void report_waiting(const char *nic)
{
	add_item("waiting", ++waiting_count, nic);
}

void report_problem(const char *format, ...)
{
	char words[160];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(words, sizeof(words), format, arguments);
	va_end(arguments);
	add_item("problem", ++problem_count, words);
	if (written == NULL || strstr(written, words) == NULL)
		log_warnx("%s", words);
}

void report_mtu_before(int ifindex, uint32_t mtu)
{
	char value[16];
	snprintf(value, sizeof(value), "%u", mtu);
	add_item("mtu_before", (unsigned)ifindex, value);
}

void report_commit(void)
{
	record_add(&record, "problems", "%u", problem_count);
	if (written != NULL && strcmp(written, record.data) == 0)
		return;
	free(written);
	written = NULL;
	if (record_commit(&record, folder, name) < 0)
		log_warn("record %s/%s", folder, name);
	else
		written = strdup(record.data);
}

uint32_t report_former_mtu(int ifindex)
{
	static struct record_view former;
	char key[RECORD_NAME_MAX];
	snprintf(key, sizeof(key), "mtu_before.%d", ifindex);
	return record_read(&former, folder, name) < 0 ? 0 : (uint32_t)record_get_number(&former, key, 0);
}
