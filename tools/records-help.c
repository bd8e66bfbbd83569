/* records-help RECORD: prints its keys (src/records/RECORD.h) as a table of docs/records.md; without a name:
 * the records. */
#include <stdio.h>
#include <string.h>

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

#define ROW_OF_NAME(key, other, shown, help) {#key, help},
#define ROW_OF_LIST(key, help)               {#key ".N", help},
#define ROW_OF_KEY(key, help)                {key, help},
#define ROW_OF_REFUSAL(name, key, help)      {key, help},
#define ROWS(keys)                                                                                           \
	keys(ROW_OF_NAME, ROW_OF_NAME, ROW_OF_LIST, ROW_OF_KEY)                                              \
	{                                                                                                    \
		NULL, NULL                                                                                   \
	}

static const struct row {
	const char *key, *help;
} agent[] = {ROWS(AGENT_KEYS)}, child[] = {ROWS(CHILD_KEYS)}, clock_[] = {ROWS(CLOCK_KEYS)},
  link_[] = {ROWS(LINK_KEYS)}, log_[] = {ROWS(LOG_KEYS)}, nic[] = {ROWS(NIC_KEYS)},
  relay[] = {ROWS(RELAY_KEYS)}, resolver[] = {ROWS(RESOLVER_KEYS)}, system_[] = {ROWS(SYSTEM_KEYS)},
  tail[] = {ROWS(TAIL_KEYS)}, upstreams[] = {ROWS(UPSTREAMS_KEYS)},
  refusals[] = {REFUSALS(ROW_OF_REFUSAL){NULL, NULL}};

static const struct {
	const char *name;
	const struct row *rows;
} records[] = {{"agent", agent}, {"child", child}, {"clock", clock_}, {"link", link_}, {"log", log_},
	{"nic", nic}, {"relay", relay}, {"resolver", resolver}, {"system", system_}, {"tail", tail},
	{"upstreams", upstreams}};

static void print_rows(const struct row *rows)
{
	for (; rows->key != NULL; rows++)
		if (strcmp(rows->key, "refusal.N") == 0)
			print_rows(refusals);
		else
			printf("| `%s` | %s |\n", rows->key, rows->help);
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		if (argc < 2) {
			puts(records[i].name);
		} else if (strcmp(records[i].name, argv[1]) == 0) {
			puts("| key | value |\n|---|---|");
			print_rows(records[i].rows);
			return 0;
		}
	}
	return argc < 2 ? 0 : 1;
}
