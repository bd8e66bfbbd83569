/* One socket to a collector, and the one message that is on its way into it: a datagram each (RFC 5426), or
 * octets counted on a stream (RFC 6587 3.4.1). Nothing here blocks. */
#ifndef THIMBLE_LOG_TRANSPORT_H
#define THIMBLE_LOG_TRANSPORT_H

#include "lookup.h"
#include "message.h"

enum {
	FRAME_HEAD_MAX = sizeof("2048 ") - 1,
	SEND_BUFFER_BYTES = 16384, /* the kernel makes it twice that, what it needs itself included */
	UNACKED_MAX = 512,         /* more frames than that buffer holds: the shortest have 100 bytes */
};

enum transport_result {
	TRANSPORT_TAKEN,
	TRANSPORT_BUSY,   /* goes on when the socket takes bytes again (EPOLLOUT) */
	TRANSPORT_FAILED, /* errno */
};

struct transport {
	int fd; /* -1: none */
	bool tcp;
	char frame[FRAME_HEAD_MAX + MESSAGE_BYTES_MAX];
	size_t at, end; /* the part of `frame` that is not yet out */
	/* Sizes of the frames that the peer's kernel may not have taken yet, the oldest first, around the
	 * end. */
	uint16_t unacked[UNACKED_MAX];
	size_t first, count, bytes;
};

/* Begins to connect. 0, or -1 with errno. */
int transport_open(struct transport *t, bool tcp, const union peer *peer);

/* Nothing happens when it is closed already. The caller has ended the watch. DROP: what the kernel still has
 * is not sent on, for it will be sent again. */
void transport_close(struct transport *t, bool drop);

/* Whether the address that it sends from is no longer one of this machine: nothing comes back to it. */
bool transport_is_stranded(const struct transport *t);

/* Whether a frame waits to be sent on. */
bool transport_is_busy(const struct transport *t);

/* Hands over the LENGTH bytes at t->frame + FRAME_HEAD_MAX; not while busy. TRANSPORT_BUSY: it has the
 * message, but is busy with it. */
enum transport_result transport_send(struct transport *t, size_t length);

/* Goes on with what waits. */
enum transport_result transport_flush(struct transport *t);

/* After a failure ERROR: how many of the last messages handed over the collector did not get. */
size_t transport_not_arrived(struct transport *t, int error);

#endif
