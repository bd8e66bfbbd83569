/* Not an XML parser: an OVF environment is made by VMware from the properties, one empty element each,
 * <Property oe:key="thimble.config" oe:value="..."/>. Anything else is no property. */
#include "ovf.h"

#include <stdlib.h>
#include <string.h>

/* The value of attribute NAME, which may have a prefix, in the element of LENGTH bytes; between its quotes.
 */
static const char *find_xml_attribute(
	const char *element, size_t length, const char *name, size_t *value_length)
{
	size_t name_length = strlen(name);
	for (size_t i = 1; i + name_length + 2 < length; i++) {
		char before = element[i - 1], quote = element[i + name_length + 1];
		if (memcmp(element + i, name, name_length) != 0 || element[i + name_length] != '=' ||
			strchr(": \t\r\n", before) == NULL || before == '\0' ||
			(quote != '"' && quote != '\''))
			continue;
		const char *value = element + i + name_length + 2;
		const char *end = memchr(value, quote, length - (size_t)(value - element));
		if (end == NULL)
			return NULL;
		*value_length = (size_t)(end - value);
		return value;
	}
	return NULL;
}

/* The character that a reference of LENGTH bytes, between & and ;, means; -1: none that can stand in a
 * setting. */
static int reference(const char *s, size_t length)
{
	static const struct {
		const char *name;
		char character;
	} names[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i].name) == length && memcmp(names[i].name, s, length) == 0)
			return names[i].character;
	if (length < 2 || length > 7 || s[0] != '#')
		return -1;
	char *end;
	long code = s[1] == 'x' ? strtol(s + 2, &end, 16) : strtol(s + 1, &end, 10);
	return end == s + length && code > 0 && code < 0x80 ? (int)code : -1;
}

static ssize_t decode(const char *s, size_t length, char *value, size_t size)
{
	size_t used = 0;
	for (size_t i = 0; i < length; i++) {
		int c = (unsigned char)s[i];
		if (c == '&') {
			const char *end = memchr(s + i, ';', length - i);
			if (end == NULL || (c = reference(s + i + 1, (size_t)(end - s) - i - 1)) < 0)
				return -1;
			i = (size_t)(end - s);
		}
		if (used + 1 >= size)
			return -1;
		value[used++] = (char)c;
	}
	value[used] = '\0';
	return (ssize_t)used;
}

/* The end of the element at S, outside of its quotes; NULL: it has none. */
static const char *element_end(const char *s)
{
	for (char quote = '\0'; *s != '\0'; s++) {
		if (quote != '\0')
			quote = *s == quote ? '\0' : quote;
		else if (*s == '"' || *s == '\'')
			quote = *s;
		else if (*s == '>')
			return s;
	}
	return NULL;
}

ssize_t ovf_property(const char *document, const char *key, char *value, size_t size)
{
	for (const char *at = document; (at = strstr(at, "Property")) != NULL; at++) {
		size_t key_length, value_length;
		const char *end = element_end(at);
		if (end == NULL)
			return -1;
		if (at == document || strchr("<:", at[-1]) == NULL)
			continue;
		const char *found = find_xml_attribute(at, (size_t)(end - at), "key", &key_length);
		if (found == NULL || key_length != strlen(key) || memcmp(found, key, key_length) != 0)
			continue;
		found = find_xml_attribute(at, (size_t)(end - at), "value", &value_length);
		return found == NULL ? -1 : decode(found, value_length, value, size);
	}
	return -1;
}
