#include "model.h"

#include <errno.h>
#include <string.h>

#include "model_text.h"

enum { FRESH_RESTART_MS = 60000 };

enum record_status record_status_of(int result, int error)
{
	if (result == 0)
		return RECORD_READ;
	return error == ENOENT || error == ENOTDIR ? RECORD_MISSING : RECORD_UNREADABLE;
}

static int64_t take_time(const char **at)
{
	char word[24];
	uint64_t ms;
	TAKE(at, word);
	return parse_number(word, 0, INT64_MAX, &ms) ? (int64_t)ms : FOREVER;
}

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

void system_from_record(struct system_state *s, const struct record_view *v, enum record_status status)
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

static enum child_phase phase_of(const char *word)
{
	static const char *const words[] = {
		[PHASE_STARTING] = "starting",
		[PHASE_RUNNING] = "running",
		[PHASE_WAITING] = "waiting",
		[PHASE_STOPPING] = "stopping",
		[PHASE_STOPPED] = "stopped",
	};
	for (size_t i = PHASE_STARTING; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i]) == 0)
			return (enum child_phase)i;
	return PHASE_UNKNOWN;
}

void child_from_record(
	struct child_state *s, const char *name, const struct record_view *v, enum record_status status)
{
	memset(s, 0, sizeof(*s));
	s->status = status;
	s->pid = s->since_ms = s->next_start_ms = s->last_exit_ms = -1;
	COPY(s->name, name);
	if (status != RECORD_READ)
		return;
	if (record_get(v, "name") != NULL)
		COPY(s->name, record_get(v, "name"));
	COPY(s->phase_word, record_get(v, "state"));
	s->phase = phase_of(s->phase_word);
	COPY(s->last_exit, record_get(v, "last_exit"));
	s->pid = record_get_number(v, "pid", -1);
	s->since_ms = record_get_number(v, "since_ms", -1);
	s->next_start_ms = record_get_number(v, "next_start_ms", -1);
	s->last_exit_ms = record_get_number(v, "last_exit_ms", -1);
	s->restarts = record_get_number(v, "restarts", 0);

	char ports[256];
	struct text t = TEXT(ports);
	const char *port;
	for (unsigned i = 1; (port = record_get_item(v, "port", i)) != NULL; i++)
		text_add(&t, "%s%s", i > 1 ? ", " : "", port);
	COPY(s->ports, ports);
}

void ports_from_record(struct ports_state *s, const struct record_view *v, enum record_status status)
{
	const char *port;
	memset(s, 0, sizeof(*s));
	if (status != RECORD_READ)
		return;
	while (s->count < PORTS_MAX && (port = record_get_item(v, "port", s->count + 1)) != NULL) {
		struct port_state *p = &s->ports[s->count++];
		COPY(p->port, port);
		COPY(p->state, record_get_item(v, "port_state", s->count));
	}
}

void resolver_from_record(struct resolver_state *s, const struct record_view *v, enum record_status status)
{
	memset(s, 0, sizeof(*s));
	s->status = status;
	if (status != RECORD_READ)
		return;
	const char *value;
	while ((value = record_get_item(v, "server", s->server_count + 1)) != NULL) {
		if (s->server_count < SERVERS_MAX) {
			struct server_state *server = &s->servers[s->server_count];
			TAKE(&value, server->address);
			TAKE(&value, server->origin);
			TAKE(&value, server->ifname);
		}
		s->server_count++;
	}
	char search[1024];
	struct text t = TEXT(search);
	for (unsigned i = 1; (value = record_get_item(v, "search", i)) != NULL; i++) {
		char domain[256];
		TAKE(&value, domain);
		text_add(&t, "%s%s", i > 1 ? " " : "", domain);
	}
	COPY(s->search, search);
	COPY(s->trust, record_get(v, "trust"));
}

static void add_link_line(struct link_state *s, const char *lead, const char *value, const char *end)
{
	if (s->count < LINK_LINES_MAX) {
		char line[256];
		struct text t = TEXT(line);
		text_add(&t, "%s%.*s%s", lead, 200, value, end);
		COPY(s->lines[s->count], line);
	}
	s->count++;
}

void link_from_record(struct link_state *s, const struct record_view *v, enum record_status status)
{
	const char *value;
	memset(s, 0, sizeof(*s));
	if (status == RECORD_UNREADABLE)
		add_link_line(s, "the record link/state is unreadable", "", "");
	if (status != RECORD_READ)
		return;
	for (unsigned i = 1; (value = record_get_item(v, "problem", i)) != NULL; i++)
		add_link_line(s, "", value, "");
	for (unsigned i = 1; (value = record_get_item(v, "waiting", i)) != NULL; i++)
		add_link_line(s, "ip: no NIC ", value, " yet");
}

static void read_addresses(struct nic_state *s, const struct record_view *v)
{
	const char *value;
	while ((value = record_get_item(v, "address", s->address_count + 1)) != NULL) {
		if (s->address_count < ADDRESSES_MAX) {
			struct address_state *a = &s->addresses[s->address_count];
			TAKE(&value, a->address);
			TAKE(&value, a->origin);
			a->expires_ms = take_time(&value);
			TAKE(&value, a->flags);
		}
		s->address_count++;
	}
	while ((value = record_get_item(v, "gateway", s->gateway_count + 1)) != NULL) {
		if (s->gateway_count < GATEWAYS_MAX) {
			struct gateway_state *g = &s->gateways[s->gateway_count];
			TAKE(&value, g->address);
			TAKE(&value, g->origin);
		}
		s->gateway_count++;
	}
}

void nic_from_record(
	struct nic_state *s, const char *ifname, const struct record_view *v, enum record_status status)
{
	memset(s, 0, sizeof(*s));
	s->status = status;
	COPY(s->ifname, ifname);
	s->dhcp4_renew_ms = s->no_address_since_ms = -1;
	if (status == RECORD_READ) {
		COPY(s->mac, record_get(v, "mac"));
		COPY(s->driver, record_get(v, "driver"));
		COPY(s->link, record_get(v, "link"));
		COPY(s->dhcp4, record_get(v, "dhcp4"));
		COPY(s->dhcp6, record_get(v, "dhcp6"));
		COPY(s->ra, record_get(v, "ra"));
		COPY(s->dhcp4_server, record_get(v, "dhcp4_server"));

		s->dhcp4_renew_ms = record_get_number(v, "dhcp4_renew_ms", -1);
		s->no_address_since_ms = record_get_number(v, "no_address_since_ms", -1);
		s->up = strcmp(s->link, "up") == 0;
		read_addresses(s, v);
	}
}

void log_from_lines(struct log_state *s, size_t bytes, long long lines_total, enum record_status status)
{
	s->status = status;
	s->bytes = status == RECORD_READ ? bytes : 0;
	s->count = 0;
	for (size_t i = 0; i < s->bytes; i++)
		s->count += s->lines[i] == '\n';
	s->lines_total = lines_total > s->count ? lines_total : s->count;
}

bool address_usable(const struct address_state *a, int64_t now_ms)
{
	return strcmp(a->origin, "link-local") != 0 && a->expires_ms > now_ms &&
	       strstr(a->flags, "tentative") == NULL && strstr(a->flags, "dadfailed") == NULL;
}

bool nic_usable(const struct nic_state *n, int64_t now_ms)
{
	for (unsigned i = 0; i < n->address_count && i < ADDRESSES_MAX; i++)
		if (address_usable(&n->addresses[i], now_ms))
			return n->up;
	return false;
}

const struct address_state *first_usable(const struct status *s, int64_t now_ms)
{
	for (unsigned i = 0; i < s->nic_count && i < NICS_MAX; i++) {
		const struct nic_state *n = &s->nics[i];
		for (unsigned j = 0; n->up && j < n->address_count && j < ADDRESSES_MAX; j++)
			if (address_usable(&n->addresses[j], now_ms))
				return &n->addresses[j];
	}
	return NULL;
}

bool nic_is_off(const struct nic_state *n)
{
	return strcmp(n->dhcp4, "off") == 0 && strcmp(n->ra, "off") == 0;
}

bool port_flawed(const struct port_state *p)
{
	return p->state[0] != '\0' && strcmp(p->state, "listening") != 0;
}

bool child_well(const struct child_state *c, int64_t now_ms)
{
	if (c->status != RECORD_READ || c->phase != PHASE_RUNNING)
		return false;
	return c->restarts == 0 || (c->since_ms >= 0 && now_ms - c->since_ms >= FRESH_RESTART_MS);
}
