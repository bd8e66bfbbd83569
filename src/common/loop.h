/* One epoll loop per process: file descriptors, absolute deadlines, signals. Single-threaded. */
#ifndef THIMBLE_LOOP_H
#define THIMBLE_LOOP_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

struct loop;

/* Embedded in its owner; the handler finds the owner by container_of. */
struct loop_fd {
	int fd;
	void (*handle)(struct loop *, struct loop_fd *, uint32_t events);
};

struct loop_timer {
	void (*handle)(struct loop *, struct loop_timer *);
	int64_t deadline_ms;          /* CLOCK_MONOTONIC */
	struct loop_timer *next;      /* of the loop, soonest first */
	struct loop_timer **previous; /* NULL while not armed */
};

/* Work that goes on after all others that are ready had their turn. */
struct loop_turn {
	void (*handle)(struct loop *, struct loop_turn *);
	struct loop_turn *next;
	struct loop_turn **previous; /* NULL while it does not wait */
};

struct loop_signals {
	struct loop_fd fd;
	void (*handle)(struct loop *, int signal_number);
};

enum { LOOP_BATCH = 64 };

struct loop {
	int epoll_fd;
	bool stopped;
	struct loop_timer *timers;
	struct loop_turn *turns, **turns_end;
	struct epoll_event batch[LOOP_BATCH];
	int batch_at, batch_count; /* the part of `batch` not yet handled */
};

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

/* Milliseconds of CLOCK_MONOTONIC: since boot in a guest, which never sleeps. */
int64_t now_ms(void);

/* 0, or -1 with errno. */
int loop_init(struct loop *loop);

/* Watches W->fd for EVENTS (EPOLLIN ...). W stays the caller's and must live until loop_remove.
 * 0, or -1 with errno. */
int loop_add(struct loop *loop, struct loop_fd *w, uint32_t events);
int loop_change(struct loop *loop, struct loop_fd *w, uint32_t events);

/* Stops watching W and drops its events that wait in this round; does not close the descriptor.
 * Nothing happens when it is not watched (fd -1 included). */
void loop_remove(struct loop *loop, struct loop_fd *w);

/* Drops W's events that wait in this round and closes its descriptor (-1 afterwards), watched or not. The
 * kernel ends the watch with the last descriptor of a file, which saves a call of loop_remove; so not for a
 * descriptor that was duplicated or that another process has inherited. */
void loop_close(struct loop *loop, struct loop_fd *w);

/* Calls T->handle once at or after DEADLINE_MS; arming again moves it. */
void loop_arm(struct loop *loop, struct loop_timer *t, int64_t deadline_ms);
void loop_disarm(struct loop *loop, struct loop_timer *t);

/* Calls T->handle once, after what is ready now; nothing more when T waits already. */
void loop_defer(struct loop *loop, struct loop_turn *t);
void loop_withdraw(struct loop *loop, struct loop_turn *t);

/* Blocks the signals NUMBERS, which end with 0, NULL: all, and delivers them to S->handle from the loop. 0,
 * or -1 with errno. */
int loop_signals(struct loop *loop, struct loop_signals *s, const int *numbers);

/* Handles events until loop_stop. 0, or -1 with errno when epoll itself fails. */
int loop_run(struct loop *loop);

/* Handles what is ready, waiting at most until the next deadline or TIMEOUT_MS (-1: no limit).
 * 0, or -1 with errno. */
int loop_once(struct loop *loop, int timeout_ms);

void loop_stop(struct loop *loop);

/* Closes what loop_init opened. */
void loop_free(struct loop *loop);

#endif
