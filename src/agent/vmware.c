/* VMware: tells the host at the start, when an address has changed, and now and then again, for a host
 * forgets what it was told when the machine is moved or reset. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "back_end.h"
#include "common/log.h"
#include "common/offload.h"
#include "guestinfo.h"
#include "records/watch.h"
#include "state.h"

enum { AGAIN_MS = 30000, CHANGE_MS = 200, PATIENCE_MS = 5000 };

static struct {
	struct loop_timer timer; /* the next time */
	struct watch watch;      /* of net's records */
	struct offload child;
	bool changed; /* while it ran */
} host;

/* In a child process: with a restricted backdoor this IN instruction faults. */
static void work(int fd, const void *argument)
{
	(void)fd, (void)argument;
	if (!guestinfo_tell(&agent_facts, vmware_machine_port))
		_exit(1);
}

static void handle_timer(struct loop *loop, struct loop_timer *timer)
{
	(void)loop, (void)timer;
	host.changed = false;
	if (offload_start(&host.child, work, NULL, NULL, 0, PATIENCE_MS) < 0)
		fatal("cannot tell the host");
}

static void handle_end(struct offload *child, size_t length)
{
	(void)length;
	state_count("SetGuestInfo", child->status != 0);
	if (WIFSIGNALED(child->status) && WTERMSIG(child->status) == SIGSEGV) {
		/* By the machine's configuration (monitor_control.restrict_backdoor), and so it stays. */
		state_set(AGENT_FAILED, "the backdoor is closed");
		watch_close(&host.watch);
		return;
	}
	if (child->status != 0)
		state_set(AGENT_FAILED, "the host does not take it");
	else
		state_set(AGENT_CONNECTED, NULL);
	loop_arm(child->loop, &host.timer, now_ms() + (host.changed ? CHANGE_MS : AGAIN_MS));
}

/* Several records change at once. */
static void handle_watch(struct watch *w, unsigned places)
{
	(void)places;
	int64_t soon = now_ms() + CHANGE_MS;
	host.changed = true;
	if (host.child.pid == 0 && host.timer.deadline_ms > soon)
		loop_arm(w->loop, &host.timer, soon);
}

void vmware_start(struct loop *loop, const char *device)
{
	static const char *const places[] = {"net"};
	(void)device;
	host.timer.handle = handle_timer;
	offload_init(&host.child, loop, handle_end);
	watch_open(&host.watch, loop, places, 1, handle_watch);
	handle_timer(loop, &host.timer);
}
