/* SMBIOS' OEM strings from any bytes: those that are told lie one behind the other in the structure, each
 * whole, and none is left out.
 *
 * An input is one structure with its strings, as /sys/firmware/dmi/entries has it. */
#include "fuzz.h"
#include "init/smbios.h"

struct walk {
	const char *next, *end; /* where the next string must be */
	unsigned count;
};

static void take(const char *string, size_t length, unsigned number, void *data)
{
	struct walk *w = data;
	must(number == ++w->count && string == w->next);
	must(length > 0 && length < (size_t)(w->end - string));
	must(memchr(string, '\0', length) == NULL && string[length] == '\0');
	w->next = string + length + 1;
}

/* Why there is no further string. */
static bool is_over(const struct walk *w, unsigned count)
{
	size_t left = (size_t)(w->end - w->next);
	return w->count == count || left == 0 || w->next[0] == '\0' || memchr(w->next, '\0', left) == NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *structure = copy_of(data, size, false);
	bool good = size >= 5 && structure[0] == 11 && structure[1] >= 5 && structure[1] <= size;
	struct walk w = {.next = (const char *)structure + (good ? structure[1] : 0),
		.end = (const char *)structure + size};
	smbios_each_oem_string(structure, size, take, &w);
	must(good ? is_over(&w, structure[4]) : w.count == 0);
	free(structure);
	return 0;
}
