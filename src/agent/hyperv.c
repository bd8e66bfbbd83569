/* Hyper-V: the kernel's device /dev/vmbus/hv_kvp. The host's pairs thimble.KEY (AddKvpItems) go into the
 * record agent/settings, and init is asked to read the settings again. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "back_end.h"
#include "common/control.h"
#include "common/log.h"
#include "device.h"
#include "kvp.h"
#include "state.h"

/* A host writes pairs one after the other; init is asked when it has paused. */
enum { PAUSE_MS = 100, RETRY_MS = 2000 };

static struct kvp kvp;
static struct hv_kvp_msg message;
static struct loop_timer pause_timer;

static void write_settings(void)
{
	struct record *r = &agent_record;
	record_begin(r);
	for (size_t i = 0; i < KVP_PAIRS_MAX; i++)
		if (kvp.pairs[i].key[0] != '\0')
			record_add(r, kvp.pairs[i].key, "%s", kvp.pairs[i].value);
	mode_t before = umask(077); /* they may have secrets; init reads them as root */
	if (record_commit(r, "agent", "settings") < 0)
		log_warn("record agent/settings");
	umask(before);
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
	struct hv_kvp_msg *m = &message;
	ssize_t got = events & EPOLLIN ? read(w->fd, m, sizeof(*m)) : 0;
	if (got == 0) {
		log_warnx("the kernel's driver is gone");
		state_set(AGENT_FAILED, "the kernel's driver is gone");
		loop_stop(loop);
		return;
	}
	if (got != (ssize_t)sizeof(*m)) {
		if (got >= 0 || (errno != EAGAIN && errno != EINTR))
			log_warnx("a message of %zd bytes in place of %zu", got, sizeof(*m));
		return;
	}
	unsigned operation = m->kvp_hdr.operation; /* the answer's code takes its place */
	enum kvp_result result = kvp_handle(&kvp, m);
	if (result == KVP_NO_ANSWER)
		return;
	state_set(AGENT_CONNECTED, NULL);
	state_count(kvp_operation_name(operation), m->error != HV_S_OK && (unsigned)m->error != HV_S_CONT);
	if (result == KVP_ANSWER_REFUSED)
		log_warnx("\"%.80s\" of the host is not taken: %d pairs are, each a string of at most %d "
			  "bytes; "
			  "behind thimble. stands a name of at most %d of a-z, 0-9, . and -",
			(const char *)m->body.kvp_set.data.key, KVP_PAIRS_MAX, KVP_VALUE_MAX - 1,
			KVP_KEY_MAX - 1);
	if (write(w->fd, m, sizeof(*m)) < 0)
		log_warn("cannot answer the kernel");
	if (result == KVP_ANSWER_CHANGED)
		loop_arm(loop, &pause_timer, now_ms() + PAUSE_MS);
}

void hyperv_start(struct loop *loop, const char *device)
{
	static struct loop_fd fd = {.handle = handle_message};
	kvp.facts = &agent_facts; /* an initialiser would put all of it into the file */
	pause_timer.handle = handle_pause;
	fd.fd = device_open(device);
	if (fd.fd < 0)
		fatal("%s", device);
	kvp_registration(&message);
	if (write(fd.fd, &message, sizeof(message)) < 0)
		fatal("%s: cannot register", device);
	if (loop_add(loop, &fd, EPOLLIN) < 0)
		fatal("%s: watching it", device);
}
