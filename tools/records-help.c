/* What the lists of keys and metrics make in docs/:
 *   records-help RECORD           its keys (src/records/RECORD.h) as a table of records.md
 *   records-help --schema RECORD  those that /status.json has, as members of status.schema.json
 *   records-help --metrics        the table of monitoring.md
 *   records-help                  the records' names */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "records/agent.h"
#include "records/child.h"
#include "records/clock.h"
#include "records/link.h"
#include "records/log.h"
#include "records/nic.h"
#include "records/relay.h"
#include "records/resolver.h"
#include "records/system.h"
#include "records/upstreams.h"
#include "web/metric_list.h"

#define ROW_OF_TEXT(key, size, shown, help)     {#key, help, shown ? "words" : NULL},
#define ROW_OF_NUMBER(key, absent, shown, help) {#key, help, shown ? "count" : NULL},
#define ROW_OF_LIST(key, help)                  {#key ".N", help, NULL},
#define ROW_OF_KEY(key, help)                   {key, help, NULL},
#define ROW_OF_REFUSAL(name, key, help)         {key, help, "count"},
#define ROWS(keys)                                                                                           \
	keys(ROW_OF_TEXT, ROW_OF_NUMBER, ROW_OF_LIST, ROW_OF_KEY)                                            \
	{                                                                                                    \
		.key = NULL                                                                                  \
	}

static const struct row {
	const char *key, *help, *schema; /* the kind of /status.json's member; NULL: it has none */
} agent[] = {ROWS(AGENT_KEYS)}, child[] = {ROWS(CHILD_KEYS)}, clock_[] = {ROWS(CLOCK_KEYS)},
  link_[] = {ROWS(LINK_KEYS)}, log_[] = {ROWS(LOG_KEYS)}, nic[] = {ROWS(NIC_KEYS)},
  relay[] = {ROWS(RELAY_KEYS)}, resolver[] = {ROWS(RESOLVER_KEYS)}, system_[] = {ROWS(SYSTEM_KEYS)},
  tail[] = {ROWS(TAIL_KEYS)}, upstreams[] = {ROWS(UPSTREAMS_KEYS)},
  refusals[] = {REFUSALS(ROW_OF_REFUSAL){.key = NULL}};

static const struct {
	const char *name;
	const struct row *rows;
} records[] = {{"agent", agent}, {"child", child}, {"clock", clock_}, {"link", link_}, {"log", log_},
	{"nic", nic}, {"relay", relay}, {"resolver", resolver}, {"system", system_}, {"tail", tail},
	{"upstreams", upstreams}};

/* Without what stands before the first of WORDS(), and without the characters of MARKS. */
static void print_help(const char *help, const char *marks)
{
	for (const char *at = help; *at != '\0'; at++)
		if (*at == '\1')
			at += 2;
		else if (strchr(marks, *at) == NULL)
			printf(*at == '"' && marks[0] != '\0' ? "\\%c" : "%c", *at);
}

static void print_row(const struct row *row)
{
	printf("| `%s` | ", row->key);
	print_help(row->help, "");
	puts(" |");
}

/* As a member of an object's properties, in plain words. */
static void print_member(const struct row *row)
{
	if (row->schema == NULL)
		return;
	printf("        \"%s\": {\"description\": \"", row->key);
	print_help(row->help, "`");
	printf("\", \"$ref\": \"#/definitions/%s\"},\n", row->schema);
}

static void print_rows(const struct row *rows, void (*print)(const struct row *row))
{
	for (; rows->key != NULL; rows++)
		if (strcmp(rows->key, "refusal.N") == 0)
			print_rows(refusals, print);
		else
			print(rows);
}

static void print_metric(const char *name, const char *labels, const char *help)
{
	printf("| `thimble_%s` | %s | %.*s |\n", name, labels, (int)strlen(help) - 1,
		help); /* without its dot */
}

#define PRINT_MADE(id, type, name, labels, help) print_metric(name, labels, help);
#define PRINT_OF(metrics, of_labels)                                                                         \
	labels = of_labels;                                                                                  \
	metrics(PRINT_NUMBER)
#define PRINT_NUMBER(key, type, name, help) print_metric(name, labels, help);

static void print_metrics(void)
{
	const char *labels;
	puts("| metric | labels | |\n|---|---|---|");
	METRICS(PRINT_MADE, PRINT_OF)
}

static const struct row *find(const char *name)
{
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
		if (strcasecmp(records[i].name, name) == 0)
			return records[i].rows;
	exit(1);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--schema") == 0) {
		print_rows(find(argv[2]), print_member);
	} else if (argc == 2 && strcmp(argv[1], "--metrics") == 0) {
		print_metrics();
	} else if (argc == 2) {
		const struct row *rows = find(argv[1]);
		puts("| key | value |\n|---|---|");
		print_rows(rows, print_row);
	} else {
		for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
			puts(records[i].name);
	}
	return 0;
}
