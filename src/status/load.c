#include "load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "records/watch.h"

const char *const folder_names[FOLDER_COUNT] = {
	[FOLDER_INIT] = "init",
	[FOLDER_NET] = "net",
	[FOLDER_LINK] = "link",
	[FOLDER_SERVICE] = "service",
	[FOLDER_LOG] = "log",
	[FOLDER_AGENT] = "agent",
};

_Static_assert((int)FOLDER_COUNT <= (int)WATCH_PLACES_MAX, "screen and page follow all of them");

static struct record_view view; /* too large for the stack */

static enum record_status read_into(struct record_view *v, enum folder folder, const char *name)
{
	return record_load(v, folder_names[folder], name);
}

static void load_init(struct status *s)
{
	static const char prefix[] = "child.";
	char names[CHILDREN_MAX + 8][RECORD_NAME_MAX];
	enum { NAMES_MAX = sizeof(names) / sizeof(names[0]) };

	enum record_status status = read_into(&view, FOLDER_INIT, "system");
	system_record_read(&s->system, &view, status);
	status = read_into(&view, FOLDER_INIT, "service");
	child_record_read(&s->service, "service", &view, status);
	ports_record_read(&s->ports, &view, status);
	s->settings.status = read_into(&s->settings.view, FOLDER_INIT, "config");

	size_t count = record_list(folder_names[FOLDER_INIT], names, NAMES_MAX);
	s->child_count = 0;
	for (size_t i = 0; i < count && i < NAMES_MAX; i++) {
		if (strncmp(names[i], prefix, sizeof(prefix) - 1) != 0)
			continue;
		if (s->child_count < CHILDREN_MAX) {
			status = read_into(&view, FOLDER_INIT, names[i]);
			child_record_read(
				&s->children[s->child_count], names[i] + sizeof(prefix) - 1, &view, status);
		}
		s->child_count++;
	}
}

/* Shorter names first, so that eth2 stands before eth10. */
static int compare_ifnames(const void *a, const void *b)
{
	size_t length_a = strlen(a), length_b = strlen(b);
	if (length_a != length_b)
		return length_a < length_b ? -1 : 1;
	return strcmp(a, b);
}

static void load_net(struct status *s)
{
	char names[NICS_MAX + 1][RECORD_NAME_MAX]; /* one is "resolver" */

	size_t count = record_list(folder_names[FOLDER_NET], names, NICS_MAX + 1);
	size_t listed = count < NICS_MAX + 1 ? count : NICS_MAX + 1;
	qsort(names, listed, sizeof(names[0]), compare_ifnames);
	s->nic_count = 0;
	for (size_t i = 0; i < listed; i++) {
		if (strcmp(names[i], "resolver") == 0) {
			count--;
			continue;
		}
		if (s->nic_count == NICS_MAX)
			break;
		enum record_status status = read_into(&view, FOLDER_NET, names[i]);
		nic_record_read(&s->nics[s->nic_count++], names[i], &view, status);
	}
	s->nic_count = (unsigned)count;
	enum record_status status = read_into(&view, FOLDER_NET, "resolver");
	resolver_record_read(&s->resolver, &view, status);
}

/* More than the highest screen shows below the status, of lines of usual length. */
enum { LOG_BELOW_BYTES = 16384 };

static void load_log(struct log_record *s, struct collector_record *collector)
{
	ssize_t bytes = log_lines_read(s->lines, s->whole ? sizeof(s->lines) : LOG_BELOW_BYTES);
	enum record_status status = record_status_of(bytes < 0 ? -1 : 0, errno);
	long long total = -1;
	enum record_status told = read_into(&view, FOLDER_LOG, "state");
	collector_record_read(collector, &view, told);
	if (told == RECORD_READ)
		total = record_get_number(&view, KEY_OF(tail, lines_total), -1);
	log_record_read(s, bytes < 0 ? 0 : (size_t)bytes, total, status);
}

void state_load(struct status *s, unsigned mask)
{
	if (mask & 1u << FOLDER_INIT)
		load_init(s);
	if (mask & 1u << FOLDER_NET)
		load_net(s);
	if (mask & 1u << FOLDER_LINK)
		link_record_read(&s->link, &view, read_into(&view, FOLDER_LINK, "state"));
	if (mask & 1u << FOLDER_SERVICE)
		relay_record_read(&s->relay, &view, read_into(&view, FOLDER_SERVICE, "relay"));
	if (mask & 1u << FOLDER_LOG)
		load_log(&s->log, &s->collector);
	if (mask & 1u << FOLDER_AGENT)
		agent_record_read(&s->agent, &view, read_into(&view, FOLDER_AGENT, "state"));
}
