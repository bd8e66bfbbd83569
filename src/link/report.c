#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/record.h"
#include "records/link.h"

static const char folder[] = "link", name[] = "state";

static struct record record;
static char *written; /* NULL: nothing yet */
static unsigned waiting_count, problem_count;

void report_begin(void)
{
	record_begin(&record);
	waiting_count = problem_count = 0;
}

void report_waiting(const char *nic)
{
	link_record_add_waiting(&record, ++waiting_count, nic);
}

void report_problem(const char *format, ...)
{
	char words[160];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(words, sizeof(words), format, arguments);
	va_end(arguments);
	link_record_add_problem(&record, ++problem_count, words);
	if (written == NULL || strstr(written, words) == NULL)
		log_warnx("%s", words);
}

void report_mtu_before(int ifindex, uint32_t mtu)
{
	link_record_add_mtu_before(&record, ifindex, mtu);
}

void report_commit(void)
{
	link_record_end(&record, problem_count);
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
	return record_read(&former, folder, name) < 0 ? 0 : link_mtu_before_read(&former, ifindex);
}
