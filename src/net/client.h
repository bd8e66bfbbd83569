/* The connection to dhcpcd. Two sockets: one listens for events, one asks once for the state so far; on one
 * socket the two would mix in the middle of an event (dhcpcd relays them in pieces). docs/net.md draws the
 * states. */
#ifndef THIMBLE_NET_CLIENT_H
#define THIMBLE_NET_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/loop.h"
#include "event.h"

enum client_state { CLIENT_WAITING, CLIENT_REPLAYING, CLIENT_LISTENING, CLIENT_STATE_COUNT };

struct client {
	const char *path; /* of dhcpcd's socket; kept, not copied */
	/* False: it cannot be used now. Then dhcpcd is asked for all anew. */
	bool (*handle_event)(struct client *, const struct event *);
	void (*handle_batch_end)(struct client *); /* no more events for now */

	struct loop *loop;
	enum client_state state;
	struct loop_fd listener, replay;
	struct loop_timer timer; /* waiting: the next attempt. replaying: the answer is overdue */
	int64_t back_off_ms;
	size_t replay_left; /* events; SIZE_MAX: their number has not come yet */
	struct event_stream stream;
};

/* Connects now, and again whenever the connection is lost. C must live as long as LOOP. */
void client_start(struct client *c, struct loop *loop);

#endif
