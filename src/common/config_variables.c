#include "common/config_variables.h"

#include <stdio.h>
#include <string.h>

const char *config_variables_get(const struct config_variables *v, unsigned i)
{
	const char *at = v->bytes;
	if (i >= v->count)
		return NULL;
	while (i-- > 0)
		at += strlen(at) + 1;
	return at;
}

/* The number of the one called NAME; v->count when there is none. */
static unsigned place_of(const struct config_variables *v, const char *name, size_t name_length)
{
	const char *at = v->bytes;
	for (unsigned i = 0; i < v->count; i++, at += strlen(at) + 1)
		if (strncmp(at, name, name_length) == 0 && at[name_length] == '=')
			return i;
	return v->count;
}

static void take_out(struct config_variables *v, unsigned i)
{
	char *at = v->bytes + (config_variables_get(v, i) - v->bytes);
	size_t bytes = strlen(at) + 1;
	memmove(at, at + bytes, v->used - (size_t)(at - v->bytes) - bytes);
	v->used -= bytes;
	v->count--;
	memmove(&v->entry[i], &v->entry[i + 1], (v->count - i) * sizeof(v->entry[0]));
}

const char *config_variables_set(struct config_variables *v, enum config_family family, const char *name,
	size_t name_length, const char *value, const char *origin)
{
	size_t bytes = name_length + 1 + strlen(value) + 1;
	unsigned old = place_of(v, name, name_length);
	size_t old_bytes = old < v->count ? strlen(config_variables_get(v, old)) + 1 : 0;
	if (v->used - old_bytes + bytes > sizeof(v->bytes))
		return "no room beside the other variables";
	if (old == CONFIG_VARIABLES_MAX)
		return "too many variables";
	if (old < v->count)
		take_out(v, old);
	snprintf(v->bytes + v->used, bytes, "%.*s=%s", (int)name_length, name, value);
	v->used += bytes;
	v->entry[v->count].family = family;
	snprintf(v->entry[v->count++].origin, CONFIG_ORIGIN_MAX, "%s", origin);
	return NULL;
}

/* Whatever the order: it changes when a variable moves from one source to another. */
bool config_variables_same(const struct config_variables *a, const struct config_variables *b)
{
	const char *at = a->bytes;
	for (unsigned i = 0; i < a->count; i++, at += strlen(at) + 1) {
		unsigned j = place_of(b, at, strcspn(at, "="));
		if (j == b->count || a->entry[i].family != b->entry[j].family ||
			strcmp(at, config_variables_get(b, j)) != 0)
			return false;
	}
	return a->count == b->count;
}
