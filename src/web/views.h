/* The model in the forms that clients ask for. Pure: everything that they need is in their arguments. */
#ifndef WEB_VIEWS_H
#define WEB_VIEWS_H

#include <stdint.h>

#include "answer.h"
#include "status/status.h"
#include "counts.h"

/* The facts that the views show. */
struct facts {
	struct status status;
	struct web_counts web;
	char nic_counters[8192]; /* /proc/net/dev, NUL-terminated */
	int64_t boot_unix_ms;    /* the clock at 0 of CLOCK_MONOTONIC; -1: not set */
};

/* NOW_MS: CLOCK_MONOTONIC, as the records' times. */
typedef void view_write(struct answer *a, const struct facts *f, int64_t now_ms);

view_write page_write, status_write, metrics_write, health_write, log_write;

#endif
