/* The agent: reports facts of the guest to the hypervisor and answers its requests; one back end, by the kind
 * of machine (docs/hypervisor.md). Arguments: `qemu PORT`, `hyper-v DEVICE` or `vmware`; PORT and DEVICE may
 * be numbers of open descriptors. */
#include <string.h>

#include "back_end.h"
#include "common/log.h"
#include "common/record.h"
#include "state.h"

static const struct back_end {
	const char *name;
	int arguments; /* behind the name */
	back_end_start *start;
} back_ends[] = {
	{"qemu", 1, qemu_start},
	{"hyper-v", 1, hyperv_start},
	{"vmware", 0, vmware_start},
};

static const struct back_end *find_back_end(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(back_ends) / sizeof(back_ends[0]); i++)
		if (argc == 2 + back_ends[i].arguments && strcmp(argv[1], back_ends[i].name) == 0)
			return &back_ends[i];
	return NULL;
}

int main(int argc, char **argv)
{
	static struct loop loop;
	log_open("agent");
	const struct back_end *back_end = find_back_end(argc, argv);
	if (back_end == NULL) {
		log_warnx("usage: agent qemu PORT | hyper-v DEVICE | vmware");
		return EXIT_USAGE;
	}
	if (record_make_folder("agent") < 0)
		fatal("%s/agent", run_dir());
	if (loop_init(&loop) < 0)
		fatal("event loop");
	state_begin(&loop, back_end->name);
	back_end->start(&loop, back_end->arguments > 0 ? argv[2] : NULL);
	if (loop_run(&loop) < 0)
		fatal("event loop");
	state_end();
	return 0;
}
