#include "expiry.h"

#include <stddef.h>

static void handle_timer(struct loop *loop, struct loop_timer *timer)
{
	struct expiry *list = container_of(timer, struct expiry, timer);
	struct expiry_entry *first;
	int64_t now = now_ms();
	while ((first = expiry_first(list)) != NULL && first->deadline_ms <= now) {
		expiry_remove(first);
		list->expired(list, first);
	}
	if (first != NULL)
		loop_arm(loop, timer, first->deadline_ms);
}

void expiry_init(struct expiry *list, struct loop *loop, int64_t period_ms,
	void (*expired)(struct expiry *, struct expiry_entry *))
{
	*list = (struct expiry){
		.loop = loop, .timer.handle = handle_timer, .period_ms = period_ms, .expired = expired};
	list->head.next = list->head.previous = &list->head;
}

void expiry_add(struct expiry *list, struct expiry_entry *e)
{
	e->deadline_ms = now_ms() + list->period_ms;
	e->next = &list->head;
	e->previous = list->head.previous;
	e->previous->next = e;
	list->head.previous = e;
	if (list->timer.previous == NULL)
		loop_arm(list->loop, &list->timer, e->deadline_ms);
}

void expiry_remove(struct expiry_entry *e)
{
	if (e->next == NULL)
		return;
	e->previous->next = e->next;
	e->next->previous = e->previous;
	e->next = e->previous = NULL;
}

void expiry_touch(struct expiry *list, struct expiry_entry *e)
{
	expiry_remove(e);
	expiry_add(list, e);
}

void expiry_set_period(struct expiry *list, int64_t period_ms)
{
	int64_t change_ms = period_ms - list->period_ms;
	list->period_ms = period_ms;
	for (struct expiry_entry *e = list->head.next; e != &list->head; e = e->next)
		e->deadline_ms += change_ms;
	if (change_ms != 0 && expiry_first(list) != NULL)
		loop_arm(list->loop, &list->timer, expiry_first(list)->deadline_ms);
}

struct expiry_entry *expiry_first(struct expiry *list)
{
	return list->head.next == &list->head ? NULL : list->head.next;
}
