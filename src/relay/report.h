/* The record service/relay. */
#ifndef RELAY_REPORT_H
#define RELAY_REPORT_H

#include "records/pace.h"

struct relay;

struct report {
	const struct relay *relay;
	struct pace pace;
};

/* RELAY must outlive R. */
void report_init(struct report *r, struct loop *loop, const struct relay *relay);

/* Something in the record has changed: it is written within 250 ms, and never when nothing changed. */
void report_changed(struct report *r);

/* Writes it now. */
void report_write(struct report *r);

#endif
