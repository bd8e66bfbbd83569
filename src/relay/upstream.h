/* The hosts that the relay passes connections to: their addresses, the order to try them in, and what came
 * of it. (Discovery by SRV, probes and racing belong here; sessions only ask for the next address.) */
#ifndef RELAY_UPSTREAM_H
#define RELAY_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "address.h"
#include "report.h"
#include "resolver.h"
#include "settings.h"

enum upstream_state { UPSTREAM_UNKNOWN, UPSTREAM_UP, UPSTREAM_DOWN, UPSTREAM_STATE_COUNT };

struct upstream {
	const struct endpoint *endpoint;
	enum upstream_state state;
	const char *why; /* the last error in words, NULL for none; static text */
	struct address addresses[ADDRESSES_MAX];
	unsigned address_count;
	unsigned failed; /* bit N: address N failed since one of them worked */
	/* Of a name: */
	int64_t resolve_at_ms;
	int64_t resolve_again_ms; /* how long to wait after a failure */
};

/* An address in the list. */
struct upstream_place {
	uint8_t upstream, address;
};

struct upstreams {
	struct upstream list[UPSTREAMS_MAX];
	size_t count;
	struct upstream_place preferred; /* the one that worked last */
	struct loop *loop;
	struct report *report;
	struct resolver resolver;
	size_t resolving; /* which one, while the resolver runs */
	struct loop_timer timer;
	struct stat resolver_configuration;
};

/* What one session has tried. All zero to begin with. */
struct upstream_attempt {
	struct upstream_place place;
	uint8_t tried;
};

/* S and REPORT must outlive U. Starts to resolve the names. */
void upstreams_init(struct upstreams *u, struct loop *loop, struct report *report, const struct settings *s);

/* Ends the resolver. */
void upstreams_free(struct upstreams *u);

/* The next address to try, the preferred one first; false when all were tried or none is known. */
bool upstreams_next(struct upstreams *u, struct upstream_attempt *a, struct address *address);

/* What came of the address that upstreams_next gave: a connection, or errno of connect(2), ETIMEDOUT when
 * there was no answer in time. */
void upstreams_worked(struct upstreams *u, const struct upstream_attempt *a);
void upstreams_failed(struct upstreams *u, const struct upstream_attempt *a, int error);

/* Whether all are known to be down. */
bool upstreams_all_down(const struct upstreams *u);

/* Appends HOST:PORT, an IPv6 address in brackets. */
void upstream_add_name(struct text *t, const struct upstream *up);

/* "unknown", "up", "down" */
const char *upstream_state_name(enum upstream_state state);

#endif
