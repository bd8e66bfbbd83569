#include "upstream.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "common/log.h"

enum {
	/* getaddrinfo() keeps the TTL to itself. */
	RESOLVE_REFRESH_MS = 60000,
	RESOLVE_RETRY_MIN_MS = 250,
	RESOLVE_RETRY_MAX_MS = 30000,
	CONFIGURATION_CHECK_MS = 250,
};

static const char resolver_configuration[] = "/etc/resolv.conf";

const char *upstream_state_name(enum upstream_state state)
{
	static const char *const names[] = {
		[UPSTREAM_UNKNOWN] = "unknown", [UPSTREAM_UP] = "up", [UPSTREAM_DOWN] = "down"};
	_Static_assert(sizeof(names) / sizeof(names[0]) == UPSTREAM_STATE_COUNT, "a name for each state");
	return names[state];
}

void upstream_add_name(struct text *t, const struct upstream *up)
{
	const struct endpoint *e = up->endpoint;
	if (e->literal)
		text_add_sockaddr(t, (const struct sockaddr *)&e->address);
	else
		text_add(t, "%s:%u", e->host, e->port);
}

static void log_state(const struct upstream *up, enum upstream_state state, const char *why)
{
	char name[ENDPOINT_TEXT_MAX];
	struct text t = TEXT(name);
	text_clear(&t);
	upstream_add_name(&t, up);
	log_line(state == UPSTREAM_DOWN ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "upstream %s: %s -> %s%s%s", name,
		upstream_state_name(up->state), upstream_state_name(state), why != NULL ? ": " : "",
		why != NULL ? why : "");
}

/* The one place that changes state and why. */
static void set_state(struct upstreams *u, struct upstream *up, enum upstream_state state, const char *why)
{
	if (up->state == state && up->why == why)
		return;
	if (up->state != state)
		log_state(up, state, why);
	up->state = state;
	up->why = why;
	report_changed(u->report);
}

static const char *connect_error(int error)
{
	return error == ETIMEDOUT ? "no answer" : strerror(error);
}

static const char *resolve_error(int error)
{
	switch (error) {
	case EAI_NONAME:
#ifdef EAI_NODATA
	case EAI_NODATA:
#endif
		return "this name has no address";
	case EAI_AGAIN:
		return "no answer from the name servers";
	default:
		return "the name cannot be resolved";
	}
}

static unsigned address_total(const struct upstreams *u)
{
	unsigned total = 0;
	for (size_t i = 0; i < u->count; i++)
		total += u->list[i].address_count;
	return total;
}

/* Whether P is in the list, which may have changed since P was taken from it. */
static bool place_exists(const struct upstreams *u, struct upstream_place p)
{
	return p.upstream < u->count && p.address < u->list[p.upstream].address_count;
}

/* The place after P, around the list. There must be an address in it. */
static struct upstream_place next_place(const struct upstreams *u, struct upstream_place p)
{
	p.address++;
	while (!place_exists(u, p)) {
		p.upstream = (uint8_t)((p.upstream + 1u) % u->count);
		p.address = 0;
	}
	return p;
}

bool upstreams_next(struct upstreams *u, struct upstream_attempt *a, struct address *address)
{
	if (a->tried >= address_total(u))
		return false;
	if (a->tried++ > 0)
		a->place = next_place(u, a->place);
	else
		a->place = place_exists(u, u->preferred) ? u->preferred : next_place(u, u->preferred);
	*address = u->list[a->place.upstream].addresses[a->place.address];
	return true;
}

void upstreams_worked(struct upstreams *u, const struct upstream_attempt *a)
{
	if (!place_exists(u, a->place))
		return;
	u->preferred = a->place;
	u->list[a->place.upstream].failed = 0;
	set_state(u, &u->list[a->place.upstream], UPSTREAM_UP, NULL);
}

void upstreams_failed(struct upstreams *u, const struct upstream_attempt *a, int error)
{
	if (!place_exists(u, a->place))
		return;
	struct upstream *up = &u->list[a->place.upstream];
	/* Sessions that come now begin behind it, and do not wait for it too. */
	if (u->preferred.upstream == a->place.upstream && u->preferred.address == a->place.address)
		u->preferred = next_place(u, u->preferred);
	up->failed |= 1u << a->place.address;
	if (up->failed == (1u << up->address_count) - 1)
		set_state(u, up, UPSTREAM_DOWN, connect_error(error));
}

bool upstreams_all_down(const struct upstreams *u)
{
	for (size_t i = 0; i < u->count; i++)
		if (u->list[i].state != UPSTREAM_DOWN)
			return false;
	return true;
}

/* True when what getaddrinfo() reads has changed since the last call. */
static bool configuration_changed(struct upstreams *u)
{
	struct stat now = {0};
	const struct stat *old = &u->resolver_configuration;
	if (stat(resolver_configuration, &now) < 0)
		now = (struct stat){0};
	bool same = now.st_ino == old->st_ino && now.st_size == old->st_size &&
		    now.st_mtim.tv_sec == old->st_mtim.tv_sec && now.st_mtim.tv_nsec == old->st_mtim.tv_nsec;
	u->resolver_configuration = now;
	return !same;
}

/* Starts the resolver for the name that is due first, or sets the timer for it. While a name has no address,
 * the timer also looks whether other name servers came: at the start of a guest that is what it waits for. */
static void resolve_next(struct upstreams *u)
{
	int64_t now = now_ms(), next = INT64_MAX;
	bool waiting = u->resolver.pid != 0;
	for (size_t i = 0; i < u->count; i++) {
		struct upstream *up = &u->list[i];
		if (up->endpoint->literal)
			continue;
		if (u->resolver.pid == 0 && up->resolve_at_ms <= now) {
			u->resolving = i;
			up->resolve_at_ms = now + RESOLVE_RETRY_MAX_MS;
			if (resolver_start(&u->resolver, up->endpoint->host, up->endpoint->port) < 0)
				log_warn("cannot start the resolver for %s, again in %d s",
					up->endpoint->host, RESOLVE_RETRY_MAX_MS / 1000);
		}
		waiting = waiting || up->address_count == 0 || u->resolver.pid != 0;
		if (up->resolve_at_ms < next)
			next = up->resolve_at_ms;
	}
	if (waiting && now + CONFIGURATION_CHECK_MS < next)
		next = now + CONFIGURATION_CHECK_MS;
	if (next != INT64_MAX)
		loop_arm(u->loop, &u->timer, next > now ? next : now + CONFIGURATION_CHECK_MS);
}

static void handle_timer(struct loop *loop, struct loop_timer *timer)
{
	struct upstreams *u = container_of(timer, struct upstreams, timer);
	(void)loop;
	if (configuration_changed(u)) {
		resolver_stop(&u->resolver);
		for (size_t i = 0; i < u->count; i++) {
			u->list[i].resolve_at_ms = 0;
			u->list[i].resolve_again_ms = RESOLVE_RETRY_MIN_MS;
		}
	}
	resolve_next(u);
}

static bool same_address(const struct address *a, const struct address *b)
{
	const void *one = &a->any, *other = &b->any;
	return a->bytes == b->bytes && memcmp(one, other, a->bytes) == 0;
}

/* The place of ADDRESS in LIST, or COUNT. */
static unsigned find_address(const struct address *list, unsigned count, const struct address *address)
{
	unsigned i = 0;
	while (i < count && !same_address(&list[i], address))
		i++;
	return i;
}

static bool same_addresses(const struct upstream *up, const struct resolver_answer *answer)
{
	if (answer->count != up->address_count)
		return false;
	for (unsigned i = 0; i < answer->count; i++)
		if (!same_address(&answer->addresses[i], &up->addresses[i]))
			return false;
	return true;
}

/* New addresses: what was known of the old ones ends, but the preferred one stays so when it is among them.
 */
static void set_addresses(struct upstreams *u, size_t index, const struct resolver_answer *answer)
{
	struct upstream *up = &u->list[index];
	if (same_addresses(up, answer))
		return;
	if (u->preferred.upstream == index && place_exists(u, u->preferred)) {
		unsigned place =
			find_address(answer->addresses, answer->count, &up->addresses[u->preferred.address]);
		u->preferred.address = place < answer->count ? (uint8_t)place : 0;
	}
	memcpy(up->addresses, answer->addresses, answer->count * sizeof(answer->addresses[0]));
	up->address_count = answer->count;
	up->failed = 0;
	set_state(u, up, UPSTREAM_UNKNOWN, NULL);
}

static void handle_answer(struct resolver *r, const struct resolver_answer *answer)
{
	struct upstreams *u = container_of(r, struct upstreams, resolver);
	struct upstream *up = &u->list[u->resolving];
	if (answer->error == 0 && answer->count > 0) {
		set_addresses(u, u->resolving, answer);
		up->resolve_again_ms = RESOLVE_RETRY_MIN_MS;
		up->resolve_at_ms = now_ms() + RESOLVE_REFRESH_MS;
	} else {
		/* Addresses that were good a minute ago are better than none. */
		if (up->address_count == 0)
			set_state(u, up, UPSTREAM_DOWN, resolve_error(answer->error));
		up->resolve_at_ms = now_ms() + up->resolve_again_ms;
		up->resolve_again_ms *= 2;
		if (up->resolve_again_ms > RESOLVE_RETRY_MAX_MS)
			up->resolve_again_ms = RESOLVE_RETRY_MAX_MS;
	}
	resolve_next(u);
}

void upstreams_init(struct upstreams *u, struct loop *loop, struct report *report, const struct settings *s)
{
	*u = (struct upstreams){
		.count = s->upstream_count, .loop = loop, .report = report, .timer.handle = handle_timer};
	resolver_init(&u->resolver, loop, handle_answer);
	for (size_t i = 0; i < u->count; i++) {
		struct upstream *up = &u->list[i];
		up->endpoint = &s->upstream[i];
		up->resolve_again_ms = RESOLVE_RETRY_MIN_MS;
		if (!up->endpoint->literal)
			continue;
		up->addresses[0].bytes = up->endpoint->address_bytes;
		memcpy(&up->addresses[0].any, &up->endpoint->address, up->endpoint->address_bytes);
		up->address_count = 1;
	}
	configuration_changed(u);
	resolve_next(u);
}

void upstreams_free(struct upstreams *u)
{
	resolver_stop(&u->resolver);
	loop_disarm(u->loop, &u->timer);
}
