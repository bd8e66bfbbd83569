#include "prometheus.h"

#include <string.h>

#include "plain.h"

void metric_begin(struct text *t, const char *name, enum metric_type type, const char *help)
{
	text_add(t, "# HELP thimble_%s %s\n# TYPE thimble_%s %s\n", name, help, name,
		type == METRIC_GAUGE ? "gauge" : "counter");
}

static void add_label_value(struct text *t, const char *value)
{
	size_t length = strlen(value);
	for (size_t at = 0; at < length; at++) {
		size_t plain = plain_bytes(value + at, length - at, "\"\\");
		text_put(t, value + at, plain);
		at += plain;
		if (at < length && (value[at] == '"' || value[at] == '\\'))
			text_add(t, "\\%c", value[at]);
		else if (at < length)
			text_add(t, "?");
	}
}

static void add_value(struct text *t, int64_t value, int64_t scale)
{
	uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value, unit = (uint64_t)scale;
	const char *sign = value < 0 ? "-" : "";
	unsigned long long whole = size / unit, part = size % unit;
	if (scale > 1)
		text_add(t, " %s%llu.%0*llu\n", sign, whole, scale == 1000 ? 3 : 6, part);
	else
		text_add(t, " %s%llu\n", sign, whole);
}

static void put_words(struct text *t, const char *words)
{
	text_put(t, words, strlen(words));
}

void metric_sample(struct text *t, const char *name, int64_t value, int64_t scale, const char *const *labels)
{
	const char *separator = "{";
	put_words(t, "thimble_");
	put_words(t, name);
	for (size_t i = 0; labels[i] != NULL; i += 2) {
		put_words(t, separator);
		put_words(t, labels[i]);
		put_words(t, "=\"");
		add_label_value(t, labels[i + 1]);
		separator = "\",";
	}
	if (labels[0] != NULL)
		put_words(t, "\"}");
	add_value(t, value, scale);
}

void metric_number(struct text *t, const char *name, enum metric_type type, const char *help, int64_t value)
{
	static const char *const none[] = {NULL};
	if (value < 0)
		return;
	metric_begin(t, name, type, help);
	metric_sample(t, name, value, 1, none);
}
