/* VMware: tells the host at the start, when an address has changed, and now and then again, for a host
 * forgets what it was told when the machine is moved or reset. */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "back_end.h"
#include "common/log.h"
#include "guestinfo.h"
#include "records/watch.h"
#include "state.h"

enum { AGAIN_MS = 30000, CHANGE_MS = 200, PATIENCE_MS = 5000 };

static struct {
	struct loop_timer timer; /* the next time; or, while the child runs, the end of patience */
	struct watch watch;      /* of net's records */
	struct loop_fd end;      /* of a pipe that the child has open, -1: none runs */
	pid_t child;
	bool changed; /* while it ran */
} host;

/* A child, for where the backdoor is restricted an IN of this kind faults. */
static void tell(struct loop *loop)
{
	int ends[2];
	host.changed = false;
	if (pipe(ends) < 0)
		fatal("pipe");
	host.child = fork();
	if (host.child == 0)
		_exit(guestinfo_tell(&agent_facts, vmware_machine_port) ? 0 : 1);
	close(ends[1]);
	host.end.fd = ends[0];
	if (host.child < 0 || loop_add(loop, &host.end, EPOLLIN) < 0)
		fatal("cannot tell the host");
	loop_arm(loop, &host.timer, now_ms() + PATIENCE_MS);
}

static void handle_timer(struct loop *loop, struct loop_timer *timer)
{
	(void)timer;
	if (host.end.fd < 0)
		tell(loop);
	else
		kill(host.child, SIGKILL);
}

static void handle_end(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	int status = 0;
	(void)events;
	loop_close(loop, w);
	while (waitpid(host.child, &status, 0) < 0 && errno == EINTR)
		;
	loop_disarm(loop, &host.timer);
	state_count("SetGuestInfo", status != 0);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV) {
		/* By the machine's configuration (monitor_control.restrict_backdoor), and so it stays. */
		state_set(AGENT_FAILED, "the backdoor is closed");
		watch_close(&host.watch);
		return;
	}
	if (status != 0)
		state_set(AGENT_FAILED, "the host does not take it");
	else
		state_set(AGENT_CONNECTED, NULL);
	loop_arm(loop, &host.timer, now_ms() + (host.changed ? CHANGE_MS : AGAIN_MS));
}

/* Several records change at once. */
static void handle_watch(struct watch *w, unsigned places)
{
	(void)places;
	int64_t soon = now_ms() + CHANGE_MS;
	host.changed = true;
	if (host.end.fd < 0 && host.timer.deadline_ms > soon)
		loop_arm(w->loop, &host.timer, soon);
}

void vmware_start(struct loop *loop, const char *device)
{
	static const char *const places[] = {"net"};
	(void)device;
	host.timer.handle = handle_timer;
	host.end = (struct loop_fd){.fd = -1, .handle = handle_end};
	watch_open(&host.watch, loop, places, 1, handle_watch);
	tell(loop);
}
