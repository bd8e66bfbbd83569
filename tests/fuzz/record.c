/* A record is refused as a whole, or its pairs are the file's lines, each of them and nothing else. Whatever
 * it has is written through each table of keys, and is then read as the same. */
#include "common/record.h"
#include "fuzz.h"
#include "../lib/rewrite.h"

/* Pairs, written again, must be the bytes that were read. */
static void walk(const struct record_view *v, const char *bytes, size_t length)
{
	const char *key, *value;
	size_t at = 0, behind = 0;
	while (record_next(v, &at, &key, &value)) {
		size_t key_length = strlen(key), value_length = strlen(value);
		must(key_length > 0 && strpbrk(key, "=\n") == NULL && strchr(value, '\n') == NULL);
		must(behind + key_length + value_length + 2 <= length);
		must(memcmp(bytes + behind, key, key_length) == 0 && bytes[behind + key_length] == '=');
		behind += key_length + 1;
		must(memcmp(bytes + behind, value, value_length) == 0 &&
			bytes[behind + value_length] == '\n');
		behind += value_length + 1;
		/* The first of several lines with one key wins. */
		must(record_get(v, key) != NULL && record_get(v, key) <= value);
		long long number = record_get_number(v, key, -7);
		must(number >= 0 || number == -7);
		if (behind > 4096) /* record_get() is linear: long ones would take all the time */
			return;
	}
	must(behind == length);
}

static void check_written(const struct record_view *v, const struct record_field *fields)
{
	static struct record first, second;
	static struct record_view again;
	rewrite(&first, v, fields);
	if (first.text.overflow) /* escapes are longer than the bytes */
		return;
	must(record_parse(&again, first.data, first.text.used) == 0);
	for (const struct record_field *f = fields; f->key != NULL; f++) {
		const char *a = record_get(v, f->key), *b = record_get(&again, f->key);
		if (f->kind == FIELD_NUMBER)
			must(record_get_number(v, f->key, -1) == record_get_number(&again, f->key, -1));
		if (f->kind == FIELD_TEXT && a != NULL)
			must(b != NULL && (strcmp(a, b) == 0 || !is_printable(a)) && is_printable(b));
		if (f->kind == FIELD_TEXT && a == NULL)
			must(b == NULL);
	}
	rewrite(&second, &again, fields);
	must(second.text.overflow || strcmp(first.data, second.data) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct record_view v;
	char *bytes = copy_of(data, size, false);
	if (record_parse(&v, bytes, size) == 0) {
		must(size <= RECORD_BYTES_MAX);
		walk(&v, bytes, size);
		const char *item = record_get_item(&v, "upstream", 1);
		must(item == record_get(&v, "upstream.1"));
		if (size <= 4096)
			check_written(&v, record_tables[size % RECORD_TABLES]);
	} else {
		const char *key, *value;
		size_t at = 0;
		must(!record_next(&v, &at, &key, &value) && record_get(&v, "state") == NULL);
	}
	free(bytes);
	return 0;
}
