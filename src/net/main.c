/* net: reports what addresses, gateways and DNS servers the guest has, in records and resolv.conf. It only
 * watches: dhcpcd and the kernel do the work. docs/net.md. */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "common/config.h"
#include "common/log.h"
#include "common/loop.h"
#include "common/record.h"
#include "nic.h"
#include "output.h"
#include "resolver.h"

enum {
	/* The pause between two dumps in a burst of changes; the first change is followed by one at once. */
	REFRESH_PAUSE_MS = 20,
	REFRESH_RETRY_MS = 200,
	WRITE_RETRY_MS = 1000,
};

static struct net {
	struct loop loop;
	struct loop_signals signals;
	struct loop_fd notifications;
	int dump_fd;
	struct loop_timer refresh_timer; /* armed: the kernel is asked when it ends */
	int64_t refreshed_ms;            /* the last time it was asked */
	struct loop_timer expiry_timer;
	struct loop_timer write_timer; /* armed: a record could not be written */
	struct client client;
	struct nics nics;
	struct resolver_settings settings;
} net;

static void publish(void)
{
	struct resolver resolver;
	int64_t now = now_ms();
	bool whole = true;

	for (struct nic *nic = net.nics.first; nic != NULL; nic = nic->next) {
		leases_expire(&nic->leases, now);
		whole = output_nic(nic) && whole;
	}
	resolver_build(&resolver, &net.nics, &net.settings);
	whole = output_resolver(&resolver) && whole;
	if (!whole)
		loop_arm(&net.loop, &net.write_timer, now + WRITE_RETRY_MS);
	else
		loop_disarm(&net.loop, &net.write_timer);
	if (resolver.next_expiry_ms == FOREVER)
		loop_disarm(&net.loop, &net.expiry_timer);
	else
		loop_arm(&net.loop, &net.expiry_timer, resolver.next_expiry_ms);
}

static const struct address *find_usable(const struct address_list *list, const struct address *wanted)
{
	for (unsigned i = 0; i < list->count; i++) {
		const struct address *a = &list->entry[i];
		if (ip_equal(&a->ip, &wanted->ip) && !(a->flags & IFA_F_TENTATIVE))
			return a;
	}
	return NULL;
}

/* Logs the usable addresses of A that B has not. */
static void log_missing(
	const struct nic *nic, const char *what, const struct address_list *a, const struct address_list *b)
{
	char text[64];
	struct text t = TEXT(text);
	for (unsigned i = 0; i < a->count; i++) {
		const struct address *address = &a->entry[i];
		if ((address->flags & IFA_F_TENTATIVE) || find_usable(b, address) != NULL)
			continue;
		text_clear(&t);
		text_add_ip(&t, &address->ip);
		text_add(&t, "/%u", address->prefix_length);
		log_info("%s: %s %s", nic->ifname, what, text);
	}
}

static void remove_gone(struct nic *gone)
{
	for (const struct nic *nic = gone; nic != NULL; nic = nic->next) {
		log_info("%s: gone", nic->ifname);
		output_nic_gone(nic);
	}
	nics_free_list(gone);
}

/* Whether the kernel told all. */
static bool refresh(void)
{
	struct nic *gone;
	int64_t now = now_ms();
	int error = nics_refresh(&net.nics, net.dump_fd, now, &gone) < 0 ? errno : 0;

	net.refreshed_ms = now;
	for (const struct nic *nic = net.nics.first; nic != NULL && error == 0; nic = nic->next) {
		log_missing(nic, "lost address", &nic->addresses_before, &nic->addresses);
		log_missing(nic, "has address", &nic->addresses, &nic->addresses_before);
	}
	/* EINTR: things changed during the dump, which is no fault. A NIC that is gone may be back under
	 * another name. */
	if (error != 0 && error != EINTR) {
		errno = error;
		log_warn("rtnetlink: no answer, asking again");
		loop_arm(&net.loop, &net.refresh_timer, now + REFRESH_RETRY_MS);
	} else if (error == EINTR || gone != NULL) {
		loop_arm(&net.loop, &net.refresh_timer, now + REFRESH_PAUSE_MS);
	}
	remove_gone(gone);
	publish();
	return error == 0;
}

static void handle_refresh_timer(struct loop *loop, struct loop_timer *timer)
{
	(void)loop, (void)timer;
	refresh();
}

/* Of expiry_timer and write_timer. */
static void handle_expiry_timer(struct loop *loop, struct loop_timer *timer)
{
	(void)loop, (void)timer;
	publish();
}

static void handle_notifications(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	(void)events;
	if (netlink_drain(w->fd) < 0)
		log_warn("rtnetlink: cannot read its notifications");
	if (net.refresh_timer.previous == NULL)
		loop_arm(loop, &net.refresh_timer, net.refreshed_ms + REFRESH_PAUSE_MS);
}

/* dhcpcd may hear of a new NIC, or of another one that has the name now, before we look. *LOOKED: whether
 * that NIC could be seen. */
static struct nic *find_nic(const char *ifname, bool *looked)
{
	struct nic *nic = nics_find(&net.nics, ifname);
	*looked = true;
	if (nic == NULL || (unsigned)nic->ifindex != if_nametoindex(ifname)) {
		*looked = refresh();
		nic = nics_find(&net.nics, ifname);
	}
	return nic;
}

static bool handle_event(struct client *client, const struct event *e)
{
	const char *ifname = event_get(e, "interface");
	bool looked = true;
	struct nic *nic = ifname != NULL ? find_nic(ifname, &looked) : NULL;

	(void)client;
	if (nic == NULL)
		return looked;
	leases_apply(&nic->leases, e, now_ms());
	nic_adopt_expiry(nic);
	return true;
}

static void handle_batch_end(struct client *client)
{
	(void)client;
	publish();
}

static void read_settings(void)
{
	struct config *c = malloc(sizeof(*c)); /* 20 KB, for a moment */
	if (c == NULL)
		fatal("settings");
	if (config_load(c) < 0)
		fatal("record init/config");
	resolver_read_dns(&net.settings.dns, config_get(c, CONFIG_DNS));
	resolver_read_search(&net.settings.search, config_get(c, CONFIG_SEARCH));
	resolver_read_trust(&net.settings, config_get(c, CONFIG_TRUST));
	free(c);
}

static void handle_signal(struct loop *loop, int signal_number)
{
	(void)signal_number;
	loop_stop(loop);
}

int main(int argc, char **argv)
{

	log_open("net");
	if (argc > 2) {
		log_warnx("usage: net [DHCPCD-SOCKET]");
		return EXIT_USAGE;
	}
	net.client.path = argc > 1 ? argv[1] : "/run/dhcpcd/unpriv.sock";
	net.client.handle_event = handle_event;
	net.client.handle_batch_end = handle_batch_end;
	net.refresh_timer.handle = handle_refresh_timer;
	net.expiry_timer.handle = net.write_timer.handle = handle_expiry_timer;
	net.signals.handle = handle_signal;
	net.notifications = (struct loop_fd){.handle = handle_notifications};

	if (record_make_folder("net") < 0)
		fatal("%s/net", run_dir());
	if (loop_init(&net.loop) < 0 ||
		loop_signals(&net.loop, &net.signals, (const int[]){SIGTERM, SIGINT, 0}) < 0)
		fatal("event loop");
	read_settings();
	net.dump_fd = netlink_open_dump();
	net.notifications.fd =
		netlink_open_notifications(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
					   RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE);
	if (net.dump_fd < 0 || net.notifications.fd < 0 ||
		loop_add(&net.loop, &net.notifications, EPOLLIN) < 0)
		fatal("rtnetlink");
	refresh();
	output_leftovers_gone(&net.nics);
	client_start(&net.client, &net.loop);
	if (loop_run(&net.loop) < 0)
		fatal("event loop");
	return 0;
}
