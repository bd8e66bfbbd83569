/* /status.json. docs/status.schema.json says what is in it. */
#include <string.h>

#include "status/blocks.h"
#include "status/verdict.h"
#include "json.h"
#include "log_text.h"
#include "views.h"

enum { SCHEMA_VERSION = 1, LOG_LINES = 20 };

/* False when there is no record to read; the JSON says so if it is unreadable. */
static bool add_record_state(struct json *j, enum record_status status)
{
	if (status == RECORD_UNREADABLE)
		json_string(j, "record", "unreadable");
	return status == RECORD_READ;
}

/* What a record says of keys that stand here under their own names. */
static void add_fields(struct json *j, const void *record, const struct record_field *fields)
{
	for (; fields->key != NULL; fields++) {
		const char *at = (const char *)record + fields->offset;
		if (fields->shown && fields->kind == FIELD_TEXT)
			json_told(j, fields->key, at);
		else if (fields->shown)
			json_count(j, fields->key, *(const long long *)(const void *)at);
	}
}

static void json_verdict(struct json *j, const struct status *s, int64_t now_ms)
{
	struct verdict v;
	verdict_of(&v, s, now_ms);
	json_object(j, "verdict");
	json_bool(j, "ready", v.ready);
	json_bool(j, "attention", v.tone != TONE_GOOD);
	json_string(j, "text", v.text);
	json_end(j);
}

static void write_clock(struct json *j, const struct system_record *s)
{
	json_object(j, "clock");
	json_count(j, "unix_s", s->clock_unix_s);
	json_told(j, "source", s->clock_source);
	json_told(j, "ntp", s->clock_ntp);
	json_told(j, "server", s->clock_server);
	if (s->offset_told)
		json_number(j, "offset_us", s->offset_us);
	json_end(j);
}

static void write_system(struct json *j, const struct system_record *s)
{
	if (s->status == RECORD_MISSING)
		return;
	json_object(j, "system");
	if (add_record_state(j, s->status)) {
		add_fields(j, s, system_fields);
		json_string(j, "state", s->stopping ? "stopping" : "running");
		write_clock(j, s);
		if (s->debug)
			json_bool(j, "debug", true);
		json_array(j, "setting_refused");
		for (unsigned i = 0; i < s->refused_listed; i++)
			json_string(j, NULL, s->refused[i]);
		json_end(j);
	}
	json_end(j);
}

static void write_ports(struct json *j, const struct ports_record *s)
{
	json_array(j, "port_states");
	for (unsigned i = 0; i < s->count; i++) {
		if (s->ports[i].state[0] == '\0')
			continue;
		json_object(j, NULL);
		json_string(j, "port", s->ports[i].port);
		json_string(j, "state", s->ports[i].state);
		json_end(j);
	}
	json_end(j);
}

/* Behind json_object(), which it leaves open. */
static void add_child(struct json *j, const struct child_record *c)
{
	json_string(j, "name", c->name);
	if (add_record_state(j, c->status)) {
		add_fields(j, c, child_fields);
		json_told(j, "ports", c->ports);
	}
}

static void add_children(struct json *j, const struct status *s)
{
	if (s->service.status != RECORD_MISSING) {
		json_object(j, "service");
		add_child(j, &s->service);
		write_ports(j, &s->ports);
		json_end(j);
	}
	json_array(j, "programs");
	for (unsigned i = 0; i < s->child_count && i < CHILDREN_MAX; i++) {
		json_object(j, NULL);
		add_child(j, &s->children[i]);
		json_end(j);
	}
	json_end(j);
}

static void write_upstreams(struct json *j, const struct relay_record *r)
{
	json_array(j, "upstreams");
	for (unsigned i = 0; i < r->upstream_count && i < UPSTREAMS_MAX; i++) {
		const struct upstream_record *u = &r->upstreams[i];
		json_object(j, NULL);
		json_string(j, "endpoint", u->endpoint);
		json_told(j, "state", u->state);
		json_told(j, "error", u->words);
		json_told(j, "source", u->source);
		json_count(j, "connect_us", u->connect_us);
		json_end(j);
	}
	json_end(j);
	json_array(j, "sources");
	for (unsigned i = 0; i < r->source_count && i < SOURCES_MAX; i++) {
		const struct source_record *source = &r->sources[i];
		if (source->item[0] == '\0')
			continue;
		json_object(j, NULL);
		json_string(j, "item", source->item);
		json_told(j, "state", source->state);
		json_told(j, "words", source->words);
		json_end(j);
	}
	json_end(j);
}

static void json_prefixes(struct json *j, const char *key, const struct prefix_list *list)
{
	json_array(j, key);
	for (unsigned i = 0; i < list->count && i < ALLOWED_MAX; i++)
		json_string(j, NULL, list->text[i]);
	json_end(j);
}

static void write_relay(struct json *j, const struct status *s)
{
	const struct relay_record *r = &s->relay;
	if (r->status == RECORD_MISSING)
		return;
	json_object(j, "relay");
	if (add_record_state(j, r->status) && !relay_told(s)) {
		json_string(j, "state", "not running");
	} else if (r->status == RECORD_READ) {
		add_fields(j, r, relay_fields);
		for (unsigned i = 0; i < REFUSAL_COUNT; i++)
			json_number(j, refusal_keys[i], r->refusals[i]);
		write_upstreams(j, r);
		json_prefixes(j, "allow", &r->allowed);
		json_prefixes(j, "on_link", &r->on_link);
	}
	json_end(j);
}

static void add_addresses(struct json *j, const struct nic_record *n, int64_t now_ms)
{
	json_array(j, "addresses");
	for (unsigned i = 0; i < n->address_count && i < ADDRESSES_MAX; i++) {
		const struct nic_address *a = &n->addresses[i];
		json_object(j, NULL);
		json_string(j, "address", a->address);
		json_told(j, "origin", a->origin);
		if (a->expires_ms != FOREVER)
			json_number(j, "expires_ms", a->expires_ms);
		json_told(j, "flags", a->flags);
		json_bool(j, "usable", n->up && nic_address_usable(a, now_ms));
		json_end(j);
	}
	json_end(j);
	json_array(j, "gateways");
	for (unsigned i = 0; i < n->gateway_count && i < GATEWAYS_MAX; i++) {
		json_object(j, NULL);
		json_string(j, "address", n->gateways[i].address);
		json_told(j, "origin", n->gateways[i].origin);
		json_end(j);
	}
	json_end(j);
}

static void add_nic(struct json *j, const struct nic_record *n, int64_t now_ms)
{
	json_object(j, NULL);
	json_string(j, "ifname", n->ifname);
	if (add_record_state(j, n->status)) {
		add_fields(j, n, nic_fields);
		add_addresses(j, n, now_ms);
	}
	json_end(j);
}

static void add_resolver(struct json *j, const struct resolver_record *r)
{
	if (r->status == RECORD_MISSING)
		return;
	json_object(j, "resolver");
	if (add_record_state(j, r->status)) {
		add_fields(j, r, resolver_fields);
		json_array(j, "servers");
		for (unsigned i = 0; i < r->server_count && i < SERVERS_MAX; i++) {
			json_object(j, NULL);
			json_string(j, "address", r->servers[i].address);
			json_told(j, "origin", r->servers[i].origin);
			if (strcmp(r->servers[i].ifname, "-") != 0)
				json_told(j, "ifname", r->servers[i].ifname);
			json_end(j);
		}
		json_end(j);
		json_told(j, "search", r->search);
	}
	json_end(j);
}

static void add_network(struct json *j, const struct status *s, int64_t now_ms)
{
	json_array(j, "nics");
	for (unsigned i = 0; i < s->nic_count && i < NICS_MAX; i++)
		add_nic(j, &s->nics[i], now_ms);
	json_end(j);
	add_resolver(j, &s->resolver);
	json_array(j, "network_problems");
	for (unsigned i = 0; i < s->link.count && i < LINK_LINES_MAX; i++)
		json_string(j, NULL, s->link.lines[i]);
	json_end(j);
}

static void write_log(struct json *j, const struct log_record *log)
{
	struct log_entry e;
	if (log->status == RECORD_MISSING)
		return;
	json_object(j, "log");
	if (add_record_state(j, log->status)) {
		json_number(j, "lines_total", log->lines_total);
		json_array(j, "lines");
		for (size_t at = log_last_lines(log, LOG_LINES);
			log_lines_next(log->lines, log->bytes, &at, &e);) {
			json_object(j, NULL);
			json_number(j, "ms", e.time_ms);
			json_number(j, "level", e.level);
			json_string_n(j, "name", e.name, e.name_bytes);
			json_string_n(j, "text", e.text, e.text_bytes);
			json_end(j);
		}
		json_end(j);
	}
	json_end(j);
}

static void add_collector(struct json *j, const struct collector_record *c)
{
	if (c->status == RECORD_MISSING)
		return;
	json_object(j, "syslog");
	if (add_record_state(j, c->status))
		add_fields(j, c, collector_fields);
	json_end(j);
}

static void write_agent(struct json *j, const struct agent_record *a)
{
	if (a->status == RECORD_MISSING)
		return;
	json_object(j, "agent");
	if (add_record_state(j, a->status))
		add_fields(j, a, agent_fields);
	json_end(j);
}

static void write_web(struct json *j, const struct web_counts *w)
{
	json_object(j, "web");
	json_number(j, "requests", (int64_t)w->requests);
	json_number(j, "connections_now", w->connections);
	json_object(j, "refused");
	for (unsigned i = 0; i < WEB_REFUSAL_COUNT; i++)
		json_number(j, web_refusal_words[i], (int64_t)w->refused[i]);
	json_end(j);
	json_end(j);
}

void status_write(struct answer *a, const struct facts *f, int64_t now_ms)
{
	const struct status *s = &f->status;
	struct json j = {.text = &a->body};
	answer_begin(a, 200, "application/json");
	json_object(&j, NULL);
	json_number(&j, "schema", SCHEMA_VERSION);
	json_number(&j, "now_ms", now_ms);
	json_verdict(&j, s, now_ms);
	write_system(&j, &s->system);
	add_children(&j, s);
	write_relay(&j, s);
	add_network(&j, s, now_ms);
	write_log(&j, &s->log);
	add_collector(&j, &s->collector);
	write_agent(&j, &s->agent);
	write_web(&j, &f->web);
	json_end(&j);
}
