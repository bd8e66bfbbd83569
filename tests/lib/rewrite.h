/* A record that was read, written again through the table of its keys. */
#ifndef REWRITE_H
#define REWRITE_H

#include <string.h>

#include "records/agent.h"
#include "records/child.h"
#include "records/clock.h"
#include "records/log.h"
#include "records/nic.h"
#include "records/relay.h"
#include "records/resolver.h"
#include "records/system.h"
#include "records/upstreams.h"

static const struct record_field *const record_tables[] = {agent_fields, child_fields, clock_fields,
	collector_fields, nic_fields, relay_fields, resolver_fields, system_fields, tail_fields,
	upstreams_fields};

enum { RECORD_TABLES = sizeof(record_tables) / sizeof(record_tables[0]) };

/* The items of KEY that the record FROM has, and behind each of them those that stand with it. */
static inline void copy_items(struct record *r, const char *key, const void *from)
{
	static const char *const with[][2] = {
		{"upstream", "upstream_source"}, {"upstream", "upstream_connect_us"}, {"source", "asked"}};
	const char *value;
	for (unsigned i = 1; (value = record_get_item(from, key, i)) != NULL; i++) {
		record_add_item(r, key, i, "%s", value);
		for (size_t k = 0; k < sizeof(with) / sizeof(with[0]); k++)
			if (strcmp(key, with[k][0]) == 0 &&
				(value = record_get_item(from, with[k][1], i)) != NULL)
				record_add_item(r, with[k][1], i, "%s", value);
	}
	for (size_t k = 0; strcmp(key, "refusal") == 0 && k < REFUSAL_COUNT; k++)
		if ((value = record_get(from, refusal_keys[k])) != NULL)
			record_add(r, refusal_keys[k], "%s", value);
}

/* Writes what V has of FIELDS. */
static inline void rewrite(struct record *r, const struct record_view *v, const struct record_field *fields)
{
	static record_items *const items = copy_items;
	_Alignas(8) char told[512] = {0};
	memcpy(told, &v, sizeof(v));
	for (const struct record_field *f = fields; f->key != NULL; f++) {
		const char *text = record_get(v, f->key);
		long long number = record_get_number(v, f->key, -1);
		if (f->kind == FIELD_TEXT)
			memcpy(told + f->told_offset, &text, sizeof(text));
		else if (f->kind == FIELD_NUMBER)
			memcpy(told + f->told_offset, &number, sizeof(number));
		else
			memcpy(told + f->told_offset, &items, sizeof(items));
	}
	record_write_fields(r, told, fields);
}

#endif
