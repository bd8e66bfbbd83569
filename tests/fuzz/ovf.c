/* A property of an OVF environment, from any bytes: what is found fits, and is the same when it is written
 * into a document of its own and read again.
 *
 * The first byte of an input is the room for the value; the rest is the document. */
#include "fuzz.h"
#include "init/ovf.h"

static const char key[] = "thimble.config";

/* The value in memory of its own, exactly as long as SIZE says. */
static char *read_value(const char *document, size_t size, ssize_t *length)
{
	char *value = copy_of("", 0, false);
	value = realloc(value, size);
	must(value != NULL);
	*length = ovf_property(document, key, value, size);
	if (*length >= 0)
		must((size_t)*length < size && strlen(value) == (size_t)*length);
	return value;
}

static char *write_document(const char *value)
{
	static const char head[] = "<e><Property oe:key=\"thimble.config\" oe:value=\"", tail[] = "\"/></e>";
	char *document = malloc(sizeof(head) + sizeof(tail) + 6 * strlen(value)), *at;
	must(document != NULL);
	at = stpcpy(document, head);
	for (; *value != '\0'; value++) {
		if (strchr("<>&\"'", *value) != NULL)
			at += sprintf(at, *value == '<' ? "&lt;" : "&#%d;", *value);
		else
			*at++ = *value;
	}
	strcpy(at, tail);
	return document;
}

/* VALUE is LENGTH bytes of DOCUMENT, without escapes or with. */
static void check(const char *document, const char *value, size_t length)
{
	ssize_t again;
	must(strstr(document, "Property") != NULL && strstr(document, key) != NULL);
	must(length < strlen(document));
	/* References are to ASCII alone. */
	for (const char *c = value; *c != '\0'; c++)
		must((unsigned char)*c < 0x80 || strchr(document, *c) != NULL);
	char *written = write_document(value), *second = read_value(written, length + 1, &again);
	must(again == (ssize_t)length && memcmp(second, value, length) == 0);
	free(second);
	if (length > 0) {
		second = read_value(document, length, &again);
		must(again == -1);
		free(second);
	}
	free(written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t room = take_byte(&data, &size) + 1u;
	char *document = copy_of(data, size, true);
	ssize_t length, again;
	char *value = read_value(document, room, &length),
	     *larger = read_value(document, size + room, &again);
	if (length >= 0)
		must(again == length && memcmp(value, larger, (size_t)length) == 0);
	if (again >= 0)
		check(document, larger, (size_t)again);
	must(length >= 0 || again < 0 || (size_t)again >= room);
	free(larger);
	free(value);
	free(document);
	return 0;
}
