/* Sends the lines of the ring to a collector, the next one by its number: the ring is the queue, and a line
 * that it overwrites before it was sent is lost and counted. docs/logs.md. */
#ifndef THIMBLE_LOG_SENDER_H
#define THIMBLE_LOG_SENDER_H

#include "records/log.h"
#include "ring.h"
#include "transport.h"
#include "wanted.h"

enum { SENDER_ERROR_BYTES = 160 };

struct sender {
	struct loop *loop;
	const struct ring *ring;
	void (*changed)(struct sender *); /* the record is to be written */
	struct wanted wanted;
	enum sender_state state;
	int64_t since_ms;
	char error[SENDER_ERROR_BYTES]; /* of waiting and failed; "" otherwise */

	struct lookup lookup;
	union peer peers[PEERS_MAX];
	unsigned peer_count, peer_next; /* those before peer_next were tried in this round */
	struct loop_fd watch;
	bool watches_room; /* for EPOLLOUT as well */
	struct transport transport;
	struct loop_timer timer; /* for the action in the table of states */
	struct loop_timer pace;  /* datagrams are not sent all at once */
	struct loop_timer renew; /* UDP does not show a lost reader: the host's name is resolved again */
	struct loop_turn turn;
	int64_t back_off_ms, begun_ms;

	struct ring_place next; /* the next line to be sent */
	uint64_t sent, lost, lost_told;
	uint64_t sent_most; /* the highest that sender_sent() has returned */

	enum sender_state state_told;
	struct loop_timer tell;
	int64_t told_ms;

	struct message_origin origin;
	int64_t origin_read_ms;
};

void sender_init(
	struct sender *s, struct loop *loop, const struct ring *ring, void (*changed)(struct sender *));

/* Sets the collector from now on; no effect when it is the same. */
void sender_set(struct sender *s, const struct wanted *w);

/* Lines were added to the ring. */
void sender_wake(struct sender *s);

/* The network has changed: retries what waits or failed, and closes a socket whose own address is gone. */
void sender_retry(struct sender *s);

/* How many lines were sent; one that is sent again counts once, and the number never gets smaller. */
uint64_t sender_sent(struct sender *s);

/* How many lines wait to be sent. */
uint64_t sender_queued(const struct sender *s);

/* Ends what runs. */
void sender_free(struct sender *s);

#endif
