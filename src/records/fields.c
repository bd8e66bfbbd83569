#include "fields.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/text.h"

enum record_status record_status_of(int result, int error)
{
	if (result == 0)
		return RECORD_READ;
	return error == ENOENT || error == ENOTDIR ? RECORD_MISSING : RECORD_UNREADABLE;
}

enum record_status record_load(struct record_view *v, const char *writer, const char *name)
{
	int result = record_read(v, writer, name);
	return record_status_of(result, errno);
}

static void copy_bytes(char *target, size_t size, const char *source, size_t length)
{
	static const char mark[] = "...";
	bool whole = length < size;
	size_t kept = whole ? length : size - sizeof(mark);
	memcpy(target, source, kept);
	memcpy(target + kept, mark, whole ? 0 : sizeof(mark));
	target[whole ? kept : size - 1] = '\0';
}

void copy_text(char *target, size_t size, const char *source)
{
	if (source == NULL)
		source = "";
	copy_bytes(target, size, source, strlen(source));
}

void take_word(const char **at, char *target, size_t size)
{
	size_t length = strcspn(*at, " ");
	copy_bytes(target, size, *at, length);
	*at += length;
	*at += strspn(*at, " ");
}

int64_t take_time(const char **at)
{
	char word[24];
	uint64_t ms;
	TAKE(at, word);
	return parse_number(word, 0, INT64_MAX, &ms) ? (int64_t)ms : FOREVER;
}

bool record_read_fields(void *record, size_t size, const struct record_field *fields,
	const struct record_view *v, enum record_status status)
{
	memset(record, 0, size);
	*(enum record_status *)record = status;
	for (const struct record_field *f = fields; f->key != NULL; f++) {
		char *at = (char *)record + f->offset;
		if (f->kind == FIELD_NUMBER)
			*(long long *)(void *)at =
				status == RECORD_READ ? record_get_number(v, f->key, f->absent) : f->absent;
		else if (f->kind == FIELD_TEXT && status == RECORD_READ)
			copy_text(at, f->size, record_get(v, f->key));
	}
	return status == RECORD_READ;
}

void record_write_fields(struct record *r, const void *told, const struct record_field *fields)
{
	const void *from = *(const void *const *)told;
	record_begin(r);
	for (const struct record_field *f = fields; f->key != NULL; f++) {
		const char *at = (const char *)told + f->told_offset;
		const char *text = f->kind == FIELD_TEXT ? *(const char *const *)(const void *)at : NULL;
		long long number = f->kind == FIELD_NUMBER ? *(const long long *)(const void *)at : -1;
		record_items *items = f->kind == FIELD_LIST ? *(record_items *const *)(const void *)at : NULL;
		if (text != NULL)
			record_add(r, f->key, "%s", text);
		if (number >= 0)
			record_add(r, f->key, "%lld", number);
		if (items != NULL)
			items(r, f->key, from);
	}
}
