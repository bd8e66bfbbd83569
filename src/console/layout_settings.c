#include "layout_settings.h"

#include <stdio.h>
#include <string.h>

#include "common/config.h"

enum {
	VALUE_ROWS_MAX = 8,
	KEY_COLUMNS = 32,
	SETTING_COLUMN = KEY_COLUMNS + 2,
	ORIGIN_BYTES = CONFIG_ORIGIN_MAX + 8,
	ENTRIES_MAX = CONFIG_KEY_COUNT + CONFIG_VARIABLES_MAX,
};

struct entry {
	const char *key, *value, *origin;
	bool is_default;
};

static struct entry entry_of(const struct config_record *s, const char *key)
{
	char name[RECORD_NAME_MAX + CONFIG_NAME_MAX];
	struct entry e = {.key = key};
	snprintf(name, sizeof(name), "origin.%s", e.key);
	e.value = record_get(&s->view, e.key);
	e.origin = record_get(&s->view, name);
	e.is_default = e.origin == NULL || strcmp(e.origin, "default") == 0;
	return e;
}

static bool is_variable(const char *key)
{
	for (int family = 0; family < CONFIG_FAMILY_COUNT; family++)
		if (strncmp(key, config_families[family].name,
			    config_family_prefix((enum config_family)family)) == 0)
			return true;
	return false;
}

/* What is set stands first: the service's variables behind the others. */
static size_t gather(const struct config_record *s, struct entry entries[static ENTRIES_MAX])
{
	const char *name, *value;
	size_t count = 0, variables = 0;
	for (int defaults = 0; defaults < 2; defaults++) {
		for (size_t key = 0; key < CONFIG_KEY_COUNT; key++) {
			struct entry e = entry_of(s, config_definitions[key].name);
			if (e.is_default == (defaults != 0))
				entries[count++] = e;
		}
		for (size_t at = 0; !defaults && record_next(&s->view, &at, &name, &value);)
			if (is_variable(name) && variables++ < CONFIG_VARIABLES_MAX)
				entries[count++] = entry_of(s, name);
	}
	return count;
}

static void draw_entry(struct canvas *c, const struct entry *e)
{
	char text[CANVAS_LINE_BYTES_MAX];
	struct text t = TEXT(text);
	text_add(&t, "%s  (%.*s)", e->value == NULL || e->value[0] == '\0' ? "-" : e->value, ORIGIN_BYTES,
		e->origin == NULL ? "?" : e->origin);
	canvas_put(c, 1, e->is_default ? ATTRIBUTE_LABEL : ATTRIBUTE_NORMAL, e->key);
	if (strlen(e->key) > KEY_COLUMNS)
		c->row++;
	canvas_wrap(c, SETTING_COLUMN, VALUE_ROWS_MAX, ATTRIBUTE_NORMAL, "", text);
}

/* Where each entry begins, and how many rows there are in all. */
static int measure(const struct canvas *c, const struct entry *entries, size_t count, int start[ENTRIES_MAX])
{
	struct canvas measured = canvas_measure(c);
	for (size_t i = 0; i < count; i++) {
		start[i] = measured.row;
		draw_entry(&measured, &entries[i]);
	}
	return measured.row;
}

int settings_draw(struct canvas *c, const struct config_record *s, int page, int *drawn)
{
	struct entry entries[ENTRIES_MAX];
	int start[ENTRIES_MAX], first[ENTRIES_MAX + 1], pages = 0, height = c->last - c->row;
	int count = (int)gather(s, entries);
	int total = measure(c, entries, (size_t)count, start);
	for (int i = 0; i < count; i++) {
		int end = i + 1 < count ? start[i + 1] : total;
		if (pages == 0 || end - start[first[pages - 1]] > height)
			first[pages++] = i;
	}
	first[pages] = count;
	*drawn = page % pages;
	for (int i = first[*drawn]; i < first[*drawn + 1]; i++)
		draw_entry(c, &entries[i]);
	return pages;
}
