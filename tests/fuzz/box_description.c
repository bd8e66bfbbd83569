/* The description of a service with a root of its own, from any bytes: what is taken of it is within bounds
 * and within the text, and nothing that a box could not be made of. */
#include <sys/syscall.h>

#include "fuzz.h"
#include "init/box_description.h"

static struct box_description d;

static void within(const char *text)
{
	must(text == NULL || (text >= d.text && text + strlen(text) < d.text + sizeof(d.text)) ||
		strlen(text) < 64);
}

static void words_end(const struct box_words *words, size_t most)
{
	must(words->count <= most && words->word[words->count] == NULL);
	for (size_t i = 0; i < words->count; i++) {
		must(words->word[i] != NULL);
		within(words->word[i]);
	}
}

static void check_places(void)
{
	must(d.place_count <= BOX_PLACES_MAX);
	for (size_t i = 0; i < d.place_count; i++) {
		const struct box_place *place = &d.places[i];
		must(place->path[0] == '/' && place->path[1] != '\0' && place->bytes > 0);
		must(place->uid < BOX_IDS && place->gid < BOX_IDS && place->mode <= 07777);
		must(strstr(place->path, "/../") == NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct appliance a;
	size_t length = size < BOX_BYTES_MAX ? size : BOX_BYTES_MAX;
	memset(&d, 0, sizeof(d));
	memset(&a, 0, sizeof(a));
	memcpy(d.text, data, length);
	box_description_parse(&d, &a, length);
	if (d.root == NULL)
		return 0;
	within(d.root);
	within(d.file);
	within(d.workdir);
	must(d.file != NULL && d.file[0] == '/' && d.workdir[0] == '/');
	must(d.uid < BOX_IDS && d.gid < BOX_IDS && d.group_count <= BOX_GROUPS_MAX && d.users < USERS_COUNT);
	must(d.stop_signal >= 1 && d.stop_signal <= 64 && d.sys <= 1 && d.memfd <= 1);
	words_end(&d.command, BOX_WORDS_MAX);
	words_end(&d.environment, BOX_WORDS_MAX);
	words_end(&d.health.command, BOX_WORDS_MAX);
	check_places();
	must(!d.narrow || calls_allow(&d.calls, SYS_execve));
	must(a.port_count <= PORTS_MAX);
	return 0;
}
