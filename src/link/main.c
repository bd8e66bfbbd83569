/* link: does what dhcpcd does not: addresses that stay and their gateways, VLANs, MTUs. Whenever something
 * changes it compares what is set with what the kernel has, and asks for what is missing. docs/link.md. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <signal.h>
#include <unistd.h>

#include "arp.h"
#include "common/config.h"
#include "common/file.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/record.h"
#include "conflicts.h"
#include "records/watch.h"
#include "sync.h"

enum {
	PAUSE_MS = 20,      /* a storm of changes is looked at once in this time */
	NO_ANSWER_MS = 200, /* the kernel is asked again */
	TROUBLE_MS = 15000, /* what was refused is tried again */
	DEAF_MS = 100,      /* after ARP packets: in a storm, the kernel drops what its queue does not hold */
};

static struct loop loop;
static struct sync state;
static struct loop_timer look_timer; /* armed: the kernel is looked at when it ends */
static struct loop_timer trouble_timer;
static struct loop_timer probe_timer; /* armed: an address of ours is asked for when it ends */
static struct loop_timer deaf_timer;  /* armed: ARP packets wait until it ends */
static struct loop_fd arp;
static int64_t looked_ms;

static void look_soon(void)
{
	if (look_timer.previous == NULL)
		loop_arm(&loop, &look_timer, looked_ms + PAUSE_MS);
}

static void handle_probe_timer(struct loop *l, struct loop_timer *timer)
{
	bool changed = false;
	int64_t next_ms = conflicts_ask(state.arp_fd, now_ms(), &changed);
	loop_disarm(l, timer);
	if (next_ms >= 0)
		loop_arm(l, timer, next_ms);
	if (changed)
		look_soon();
}

static void look(bool again)
{
	looked_ms = now_ms();
	file_take_error(); /* of other files */
	if (sync_run(&state, again) < 0) {
		/* EINTR: things changed while they were told, which is no fault. */
		if (errno != EINTR)
			log_warn("rtnetlink: no answer, asking again");
		loop_arm(&loop, &look_timer, looked_ms + (errno == EINTR ? PAUSE_MS : NO_ANSWER_MS));
		return;
	}
	handle_probe_timer(&loop, &probe_timer);
	if (file_take_error() != 0)
		loop_arm(&loop, &look_timer, looked_ms + NO_ANSWER_MS);
	if (!state.troubled)
		loop_disarm(&loop, &trouble_timer);
	else if (trouble_timer.previous == NULL)
		loop_arm(&loop, &trouble_timer, looked_ms + TROUBLE_MS);
}

static void handle_look_timer(struct loop *l, struct loop_timer *timer)
{
	(void)l, (void)timer;
	look(false);
}

static void handle_trouble_timer(struct loop *l, struct loop_timer *timer)
{
	(void)l, (void)timer;
	look(true);
}

static void handle_arp(struct loop *l, struct loop_fd *w, uint32_t events)
{
	(void)events;
	if (conflicts_hear(w->fd))
		look_soon();
	loop_change(l, w, 0);
	loop_arm(l, &deaf_timer, now_ms() + DEAF_MS);
}

static void handle_deaf_timer(struct loop *l, struct loop_timer *timer)
{
	(void)timer;
	loop_change(l, &arp, EPOLLIN);
}

static void handle_notifications(struct loop *l, struct loop_fd *w, uint32_t events)
{
	(void)l, (void)events;
	if (netlink_drain(w->fd) < 0)
		log_warn("rtnetlink: cannot read its notifications");
	look_soon();
}

static void handle_records(struct watch *w, unsigned places)
{
	(void)w, (void)places;
	look_soon();
}

static void handle_signal(struct loop *l, int signal_number)
{
	(void)signal_number;
	loop_stop(l);
}

/* With no record nothing is set. */
static void read_settings(void)
{
	static struct record_view v;
	static struct ip_setting list[IP_SETTINGS_MAX];
	uint64_t mtu;
	const char *value = config_load_one(CONFIG_IP, &v);
	if (value == NULL && errno != 0)
		fatal("record init/config");
	if (value == NULL || ip_settings_read(list, &state.wanted_count, value) != NULL)
		state.wanted_count = 0;
	else
		state.settings_known = true;
	for (size_t i = 0; i < state.wanted_count; i++)
		state.wanted[i].setting = list[i];
	value = config_load_one(CONFIG_MTU, &v);
	if (value == NULL && errno != 0)
		fatal("record init/config");
	if (value != NULL && parse_number(value, 0, UINT32_MAX, &mtu))
		state.mtu = (uint32_t)mtu;
}

int main(void)
{
	static struct loop_signals signals = {.handle = handle_signal};
	static struct loop_fd notifications = {.handle = handle_notifications};
	static struct watch records;
	static const char *const places[] = {"net"}; /* which tells there what leases say of the MTU */

	log_open("link");
	look_timer.handle = handle_look_timer;
	trouble_timer.handle = handle_trouble_timer;
	probe_timer.handle = handle_probe_timer;
	deaf_timer.handle = handle_deaf_timer;
	arp.handle = handle_arp;
	if (record_make_folder("link") < 0)
		fatal("%s/link", run_dir());
	if (loop_init(&loop) < 0 || loop_signals(&loop, &signals, (const int[]){SIGTERM, SIGINT, 0}) < 0)
		fatal("event loop");
	read_settings();
	state.ask_fd = netlink_open_dump();
	state.arp_fd = arp.fd = arp_open();
	if (arp.fd < 0 || loop_add(&loop, &arp, EPOLLIN) < 0)
		fatal("ARP");
	notifications.fd = netlink_open_notifications(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR);
	if (state.ask_fd < 0 || notifications.fd < 0 || loop_add(&loop, &notifications, EPOLLIN) < 0)
		fatal("rtnetlink");
	watch_open(&records, &loop, places, 1, handle_records);
	look(false);
	if (loop_run(&loop) < 0)
		fatal("event loop");
	return 0;
}
