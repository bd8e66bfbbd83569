/* The agent: takes what the hypervisor says to the guest. Of Hyper-V, the pairs thimble.KEY that its host has
 * written (AddKvpItems), into the record agent/settings; then it asks init to read the settings again.
 * Argument: the kernel's device, /dev/vmbus/hv_kvp, or the number of a descriptor that is open already. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/control.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/record.h"
#include "kvp.h"

/* A host writes pairs one after the other; init is asked when it has paused. */
enum { PAUSE_MS = 100, RETRY_MS = 2000 };

static struct kvp kvp;
static struct loop_timer pause_timer;

static void write_settings(void)
{
	static struct record r;
	record_begin(&r);
	for (size_t i = 0; i < KVP_PAIRS_MAX; i++)
		if (kvp.pairs[i].key[0] != '\0')
			record_add(&r, kvp.pairs[i].key, "%s", kvp.pairs[i].value);
	if (record_commit(&r, "agent", "settings") < 0)
		log_warn("record agent/settings");
}

static void handle_pause(struct loop *loop, struct loop_timer *timer)
{
	char answer[CONTROL_MESSAGE_MAX];
	write_settings();
	if (control_request(CONTROL_READ_SETTINGS, answer) == 0 && strcmp(answer, "ok") == 0)
		return;
	log_warnx("init does not read the settings, again in %d ms", RETRY_MS);
	loop_arm(loop, timer, now_ms() + RETRY_MS);
}

static void handle_message(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	static struct hv_kvp_msg m;
	ssize_t got = events & EPOLLIN ? read(w->fd, &m, sizeof(m)) : 0;
	if (got == 0) {
		log_warnx("the kernel's driver is gone");
		loop_stop(loop);
		return;
	}
	if (got != (ssize_t)sizeof(m)) {
		if (got >= 0 || (errno != EAGAIN && errno != EINTR))
			log_warnx("a message of %zd bytes in place of %zu", got, sizeof(m));
		return;
	}
	enum kvp_result result = kvp_handle(&kvp, &m);
	if (result != KVP_NO_ANSWER && write(w->fd, &m, sizeof(m)) < 0)
		log_warn("cannot answer the kernel");
	if (result == KVP_ANSWER_CHANGED)
		loop_arm(loop, &pause_timer, now_ms() + PAUSE_MS);
}

static int open_device(const char *name)
{
	uint64_t number;
	return parse_number(name, 0, INT16_MAX, &number) ? (int)number
							 : open(name, O_RDWR | O_CLOEXEC | O_NONBLOCK);
}

int main(int argc, char **argv)
{
	static struct hv_kvp_msg m;
	static struct loop loop;
	static struct loop_fd device = {.handle = handle_message};
	log_open("agent");
	if (argc != 2) {
		log_warnx("usage: agent DEVICE");
		return EXIT_USAGE;
	}
	pause_timer.handle = handle_pause;
	if (record_make_folder("agent") < 0)
		fatal("%s/agent", run_dir());
	device.fd = open_device(argv[1]);
	if (device.fd < 0)
		fatal("%s", argv[1]);
	kvp_registration(&m);
	if (write(device.fd, &m, sizeof(m)) < 0)
		fatal("%s: cannot register", argv[1]);
	if (loop_init(&loop) < 0 || loop_add(&loop, &device, EPOLLIN) < 0 || loop_run(&loop) < 0)
		fatal("event loop");
	return 0;
}
