/* When a record is written: after something in it has changed, the first time at once, then 250 ms apart at
 * least. A failure is said once and tried again after 5 s. */
#ifndef RECORDS_PACE_H
#define RECORDS_PACE_H

#include "common/loop.h"

struct pace {
	struct loop *loop;
	const char *name;            /* of the record, for the log */
	int (*write)(struct pace *); /* 0, or -1 with errno */
	struct loop_timer timer;     /* armed: it is to be written */
	int64_t written_ms;          /* when it was done: a slow one leaves time for the rest */
	int error;                   /* of the last one */
};

void pace_init(struct pace *p, struct loop *loop, const char *name, int (*write)(struct pace *));

/* Something in the record has changed: WRITE is called from the loop. */
void pace_changed(struct pace *p);

/* Writes it now. */
void pace_write(struct pace *p);

/* Writes it now if it is to be written. */
void pace_end(struct pace *p);

#endif
