#include "records/pace.h"

#include <errno.h>

#include "common/log.h"

enum { APART_MS = 250, AGAIN_MS = 5000 };

void pace_write(struct pace *p)
{
	loop_disarm(p->loop, &p->timer);
	int error = p->write(p) < 0 ? errno : 0;
	p->written_ms = now_ms();
	if (error != 0 && error != p->error)
		log_warn("cannot write the record %s, again in %d s", p->name, AGAIN_MS / 1000);
	if (error != 0)
		loop_arm(p->loop, &p->timer, p->written_ms + AGAIN_MS);
	p->error = error;
}

static void handle_timer(struct loop *loop, struct loop_timer *timer)
{
	(void)loop;
	pace_write(container_of(timer, struct pace, timer));
}

void pace_init(struct pace *p, struct loop *loop, const char *name, int (*write)(struct pace *))
{
	*p = (struct pace){.loop = loop,
		.name = name,
		.write = write,
		.timer.handle = handle_timer,
		.written_ms = -APART_MS};
}

void pace_changed(struct pace *p)
{
	if (p->timer.previous == NULL)
		loop_arm(p->loop, &p->timer, p->written_ms + APART_MS);
}

void pace_end(struct pace *p)
{
	if (p->timer.previous != NULL)
		pace_write(p);
}
