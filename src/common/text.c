#include "common/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void text_clear(struct text *t)
{
	t->used = 0;
	t->overflow = false;
	t->data[0] = '\0';
}

void text_add(struct text *t, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	size_t room = t->size - t->used;
	int length = vsnprintf(t->data + t->used, room, format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= room) {
		t->data[t->used] = '\0';
		t->overflow = true;
		return;
	}
	t->used += (size_t)length;
}

void text_put(struct text *t, const char *bytes, size_t length)
{
	if (length >= t->size - t->used) {
		t->overflow = true;
		return;
	}
	memcpy(t->data + t->used, bytes, length);
	t->used += length;
	t->data[t->used] = '\0';
}

void text_add_escaped(struct text *t, const char *bytes, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)bytes[i];
		char piece[4] = {(char)c};
		size_t piece_length = 1;
		if (c < 0x20 || c > 0x7e) {
			memcpy(piece, "\\x", 2);
			piece[2] = digits[c >> 4];
			piece[3] = digits[c & 15];
			piece_length = 4;
		}
		if (piece_length >= t->size - t->used) {
			t->overflow = true;
			break;
		}
		memcpy(t->data + t->used, piece, piece_length);
		t->used += piece_length;
	}
	t->data[t->used] = '\0';
}

bool parse_number_n(const char *s, size_t length, uint64_t min, uint64_t max, uint64_t *value)
{
	uint64_t n = 0;
	if (length == 0)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		uint64_t digit = (uint64_t)(s[i] - '0');
		if (n > (UINT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	if (n < min || n > max)
		return false;
	*value = n;
	return true;
}

void trim(const char **s, size_t *length)
{
	while (*length > 0 && is_blank(**s)) {
		(*s)++;
		(*length)--;
	}
	while (*length > 0 && is_blank((*s)[*length - 1]))
		(*length)--;
}

int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool parse_number(const char *s, uint64_t min, uint64_t max, uint64_t *value)
{
	return parse_number_n(s, strlen(s), min, max, value);
}

void text_add_duration(struct text *t, uint64_t seconds)
{
	unsigned long long s = seconds;
	if (s < 60)
		text_add(t, "%llu s", s);
	else if (s < 3600)
		text_add(t, "%llu min %llu s", s / 60, s % 60);
	else if (s < 86400)
		text_add(t, "%llu h %llu min", s / 3600, s / 60 % 60);
	else
		text_add(t, "%llu d %llu h", s / 86400, s / 3600 % 24);
}

void text_add_bytes(struct text *t, uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	size_t unit = 0;
	unsigned long long whole = bytes, rest = 0;
	while (whole >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		rest = whole % 1024;
		whole /= 1024;
		unit++;
	}
	unsigned long long tenths = (rest * 10 + 512) / 1024;
	if (tenths == 10) {
		whole++;
		tenths = 0;
	}
	if (unit == 0 || whole >= 100)
		text_add(t, "%llu %s", whole + (tenths >= 5), units[unit]);
	else
		text_add(t, "%llu.%llu %s", whole, tenths, units[unit]);
}
