#include "power.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acpi.h"
#include "common/log.h"
#include "common/netlink.h"

enum { STOP_REST_MS = 300 };

static struct power *the_power; /* for the children's callback */

static void set_power_state(struct power *p, enum power_state state);

/* One row per state: what is done on entering it, and its longest time. */
static void enter_stopping_service(struct power *p)
{
	p->children->shutting_down = true;
	if (p->service != NULL)
		child_stop(p->children, p->service, false);
}

static void enter_stopping_rest(struct power *p)
{
	children_stop(p->children);
}

static void enter_ending(struct power *p)
{
	kill(-1, SIGKILL);
	reboot(p->command);
	/* Reached only if the kernel cannot do it: PID 1 lives on, and nothing feeds the watchdog. */
	log_warn("reboot");
}

static const struct {
	const char *name;
	void (*enter)(struct power *);
	int limit_ms;
} states[] = {
	[POWER_ON] = {"on", NULL, 0},
	[POWER_STOPPING_SERVICE] = {"stopping the service", enter_stopping_service, CHILD_STOP_MS + 50},
	[POWER_STOPPING_REST] = {"stopping the rest", enter_stopping_rest, STOP_REST_MS},
	[POWER_ENDING] = {"ending", enter_ending, 0},
};
_Static_assert(sizeof(states) / sizeof(states[0]) == POWER_STATE_COUNT, "one row a state");

static void set_power_state(struct power *p, enum power_state state)
{
	log_info("power: %s -> %s", states[p->state].name, states[state].name);
	p->state = state;
	if (states[state].limit_ms != 0)
		loop_arm(p->children->loop, &p->timer, now_ms() + states[state].limit_ms);
	p->changed();
	if (states[state].enter != NULL)
		states[state].enter(p);
}

static void handle_deadline(struct loop *loop, struct loop_timer *timer)
{
	struct power *p = container_of(timer, struct power, timer);
	(void)loop;
	set_power_state(p, p->state == POWER_STOPPING_SERVICE ? POWER_STOPPING_REST : POWER_ENDING);
}

static void advance(struct power *p)
{
	if (p->state == POWER_STOPPING_SERVICE && (p->service == NULL || !child_runs(p->service)))
		set_power_state(p, POWER_STOPPING_REST);
	else if (p->state == POWER_STOPPING_REST && !children_running(p->children))
		set_power_state(p, POWER_ENDING);
}

static void handle_stopped(struct children *children)
{
	(void)children;
	advance(the_power);
}

void power_init(struct power *p, struct children *children, void (*changed)(void))
{
	*p = (struct power){.children = children, .changed = changed, .timer = {.handle = handle_deadline}};
	p->acpi.fd = -1;
	the_power = p;
	children->handle_stopped = handle_stopped;
}

void power_end(struct power *p, int command, const char *reason)
{
	if (p->state != POWER_ON)
		return;
	p->command = command;
	snprintf(p->reason, sizeof(p->reason), "%s", reason);
	log_warnx("%s: %s", reason, command == RB_AUTOBOOT ? "rebooting" : "powering off");
	set_power_state(p, POWER_STOPPING_SERVICE);
	advance(p);
}

static void handle_acpi(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	struct power *p = container_of(w, struct power, acpi);
	struct acpi_family family;
	char bytes[4096];
	(void)loop;
	(void)events;
	for (ssize_t length; (length = netlink_receive(w->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0;) {
		switch (acpi_parse(bytes, (size_t)length, p->acpi_family, &family)) {
		case ACPI_FAMILY:
			p->acpi_family = family.id;
			if (setsockopt(w->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &family.group,
				    sizeof(family.group)) < 0)
				log_warn("power button: joining its group");
			break;
		case ACPI_POWER_BUTTON:
			power_end(p, RB_POWER_OFF, "power button");
			break;
		case ACPI_OTHER:
			break;
		}
	}
}

int power_watch_button(struct power *p)
{
	struct {
		struct nlmsghdr header;
		struct genlmsghdr generic;
		struct nlattr name;
		char family[12];
	} request = {
		.header = {.nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN + NLA_HDRLEN + sizeof("acpi_event"),
			.nlmsg_type = GENL_ID_CTRL,
			.nlmsg_flags = NLM_F_REQUEST},
		.generic = {.cmd = CTRL_CMD_GETFAMILY, .version = 1},
		.name = {.nla_len = NLA_HDRLEN + sizeof("acpi_event"), .nla_type = CTRL_ATTR_FAMILY_NAME},
		.family = "acpi_event",
	};
	p->acpi.handle = handle_acpi;
	p->acpi.fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_GENERIC);
	if (p->acpi.fd < 0 || send(p->acpi.fd, &request, request.header.nlmsg_len, 0) < 0 ||
		loop_add(p->children->loop, &p->acpi, EPOLLIN) < 0) {
		int error = errno;
		loop_close(p->children->loop, &p->acpi);
		errno = error;
		return -1;
	}
	handle_acpi(p->children->loop, &p->acpi, EPOLLIN); /* the answer came while it was asked */
	return 0;
}
