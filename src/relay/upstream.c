#include "upstream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/log.h"

/* Lines of log about one upstream: it may come and go twice a second. */
enum { LOG_WINDOW_MS = 60000, LOG_WINDOW_LINES = 6 };

static const char is_own[] = "this is the relay itself";
static const char has_no_address[] = "its name has no address";
static const char has_no_route[] = "no route to it";
static const char no_answer[] = "no answer";

void upstream_add_name(struct text *t, const struct upstream *up)
{
	if (up->target.literal)
		text_add_sockaddr(t, &up->target.address[0].any);
	else
		text_add(t, "%s:%u", up->target.host, up->target.port);
}

static void log_state(struct upstream *up, enum upstream_state state, const char *why)
{
	char name[ENDPOINT_TEXT_MAX];
	struct text t = TEXT(name);
	int64_t now = now_ms();
	if (up->log_lines == 0 || now - up->log_window_ms >= LOG_WINDOW_MS) {
		up->log_window_ms = now;
		up->log_lines = 0;
	}
	if (up->log_lines == LOG_WINDOW_LINES) {
		up->log_held_back++;
		return;
	}
	up->log_lines++;
	upstream_add_name(&t, up);
	log_line(state == UPSTREAM_DOWN ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "upstream %s: %s -> %s%s%s", name,
		upstream_state_words[up->state], upstream_state_words[state], why != NULL ? ": " : "",
		why != NULL ? why : "");
	if (up->log_held_back > 0)
		log_info("upstream %s: %u changes before that were not logged", name, up->log_held_back);
	up->log_held_back = 0;
}

/* The one place that changes state and why; starts and ends the probe. */
static void set_state(struct upstream *up, enum upstream_state state, const char *why)
{
	if (up->state == state && up->why == why)
		return;
	/* A machine that has no address yet has no route either, and says so itself. */
	bool is_start = up->why == has_no_route || (up->state == UPSTREAM_UNKNOWN && why == has_no_route);
	if ((up->state != state && !is_start) || why == is_own)
		log_state(up, state, why);
	bool was_down = up->state == UPSTREAM_DOWN;
	up->state = state;
	up->why = why;
	if (state != UPSTREAM_DOWN || why == is_own || why == has_no_address || why == has_no_route)
		probe_stop(&up->probe);
	else if (!was_down || up->probe.timer.previous == NULL)
		probe_start(&up->probe);
	up->all->changed(up->all);
}

static const char *failure_words(int error)
{
	return error == ETIMEDOUT ? no_answer : strerror(error);
}

struct upstream *upstreams_find(const struct upstreams *u, uint32_t id)
{
	for (size_t i = 0; i < u->count; i++)
		if (u->list[i]->id == id)
			return u->list[i];
	return NULL;
}

static bool same_address(const struct address *a, const struct address *b)
{
	const void *one = &a->any, *other = &b->any;
	return a->bytes == b->bytes && memcmp(one, other, a->bytes) == 0;
}

void upstreams_worked(struct upstreams *u, uint32_t id, const struct address *address, int64_t connect_us)
{
	struct upstream *up = upstreams_find(u, id);
	if (up == NULL)
		return;
	for (unsigned i = 0; address != NULL && i < up->target.address_count; i++)
		if (same_address(&up->target.address[i], address))
			up->best = i;
	up->connect_us = connect_us;
	set_state(up, UPSTREAM_UP, NULL);
}

void upstreams_failed(struct upstreams *u, uint32_t id, int error)
{
	struct upstream *up = upstreams_find(u, id);
	if (up != NULL)
		set_state(up, UPSTREAM_DOWN, failure_words(error));
}

unsigned upstream_order(const struct upstream *up, uint8_t order[static ADDRESSES_MAX])
{
	unsigned count = 0;
	if (up->best < up->target.address_count && (up->own & 1u << up->best) == 0)
		order[count++] = (uint8_t)up->best;
	for (unsigned i = 0; i < up->target.address_count; i++)
		if (i != up->best && (up->own & 1u << i) == 0)
			order[count++] = (uint8_t)i;
	return count;
}

static void begin_probe(struct probe *p)
{
	p->count = upstream_order(container_of(p, struct upstream, probe), p->order);
}

static void handle_probed(struct probe *p, int error)
{
	struct upstream *up = container_of(p, struct upstream, probe);
	if (error == 0)
		upstreams_worked(up->all, up->id, &p->address[p->order[p->next - 1]], up->connect_us);
	else
		upstreams_failed(up->all, up->id, error);
}

bool upstreams_all_down(const struct upstreams *u)
{
	for (size_t i = 0; i < u->count; i++)
		if (u->list[i]->state != UPSTREAM_DOWN)
			return false;
	return true;
}

/* A number from 0 to MAX. xorshift64*: it shares out load, it keeps no secret. */
static uint32_t random_up_to(struct upstreams *u, uint32_t max)
{
	u->random ^= u->random >> 12;
	u->random ^= u->random << 25;
	u->random ^= u->random >> 27;
	return (uint32_t)((u->random * UINT64_C(2685821657736338717)) >> 32) % (max + 1);
}

static bool same_class(const struct target *a, const struct target *b)
{
	return a->item == b->item && a->priority == b->priority;
}

/* Those that are down are left to the probe. But who has found the last live one dead tries them too, as far
 * as that costs no waiting: one of them may have come back since the last probe. */
static bool can_be_tried(const struct upstream *up, bool last_resort)
{
	if (up->state != UPSTREAM_DOWN)
		return true;
	return last_resort && up->why != no_answer && up->why != is_own && up->why != has_no_address;
}

/* RFC 2782, "Weight": of those from FIRST to END that can be tried, one by chance in proportion to its
 * weight; one of weight 0 beside others has a very small chance. Returns its place, or END. */
static size_t choose_by_weight(
	struct upstreams *u, size_t first, size_t end, uint32_t tried, bool last_resort)
{
	uint32_t total = 0, sum = 0, candidates = 0;
	for (size_t i = first; i < end; i++)
		if (!can_be_tried(u->list[i], last_resort))
			tried |= 1u << i;
	for (size_t i = first; i < end; i++) {
		candidates += (tried >> i & 1) == 0;
		total += (tried >> i & 1) == 0 ? u->list[i]->target.weight : 0;
	}
	if (candidates == 0)
		return end;
	bool equal = total == 0; /* then each counts as one, the first to be reached by 1 */
	uint32_t chosen = candidates == 1 ? 0
			  : equal         ? 1 + random_up_to(u, candidates - 1)
					  : random_up_to(u, total);
	/* Those of weight 0 first. */
	for (int round = 0; round < 2; round++)
		for (size_t i = first; i < end; i++) {
			uint32_t weight = u->list[i]->target.weight;
			if ((tried >> i & 1) != 0 || (weight > 0) != (round == 1))
				continue;
			sum += equal ? 1 : weight;
			if (sum >= chosen)
				return i;
		}
	return end;
}

static struct upstream *choose(struct upstreams *u, struct upstream_choice *c, bool last_resort)
{
	for (size_t first = 0, end; first < u->count; first = end) {
		for (end = first + 1; end < u->count; end++)
			if (!same_class(&u->list[first]->target, &u->list[end]->target))
				break;
		size_t place = choose_by_weight(u, first, end, c->tried, last_resort);
		if (place < end) {
			c->tried |= 1u << place;
			return u->list[place];
		}
	}
	return NULL;
}

struct upstream *upstreams_choose(struct upstreams *u, struct upstream_choice *c)
{
	if (c->generation != u->generation)
		*c = (struct upstream_choice){.generation = u->generation};
	struct upstream *up = choose(u, c, false);
	return up == NULL && c->tried != 0 ? choose(u, c, true) : up;
}

static bool is_unspecified(const struct in6_addr *a)
{
	static const struct in6_addr zero4 = {.s6_addr = {[10] = 0xff, 0xff}};
	return IN6_IS_ADDR_UNSPECIFIED(a) || memcmp(a, &zero4, sizeof(zero4)) == 0;
}

/* Whether a connection to A would come to a listener of ours. */
static bool is_own_listener(const struct upstreams *u, const struct address *a, uint16_t port)
{
	struct in6_addr to, at;
	if (!address_of(&to, &a->any) || (!prefixes_contain(&u->networks->own, &to) && !is_unspecified(&to)))
		return false;
	for (size_t i = 0; i < u->settings->listen_count; i++) {
		const struct endpoint *e = &u->settings->listen[i];
		if (e->port == port && address_of(&at, (const struct sockaddr *)&e->address) &&
			(is_unspecified(&at) || is_unspecified(&to) || memcmp(&at, &to, sizeof(at)) == 0))
			return true;
	}
	return false;
}

/* Whether a name leads to our own status page, which trusts our own addresses. */
static bool is_own_page(const struct upstreams *u, const struct target *t, const struct address *a)
{
	struct in6_addr to;
	return !t->literal && t->port == u->settings->status_port && address_of(&to, &a->any) &&
	       prefixes_contain(&u->networks->own, &to);
}

/* By a socket that sends nothing. What the kernel says of anything else than routes, a connection will tell.
 */
static bool is_routed(const struct address *a)
{
	int fd = socket(a->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool routed = fd < 0 || connect(fd, &a->any, a->bytes) == 0 ||
		      (errno != ENETUNREACH && errno != EHOSTUNREACH);
	if (fd >= 0)
		close(fd);
	return routed;
}

static void compare_addresses(struct upstream *up)
{
	const struct target *t = &up->target;
	bool routed = false;
	up->own = 0;
	for (unsigned i = 0; i < t->address_count; i++) {
		if (is_own_listener(up->all, &t->address[i], t->port) ||
			is_own_page(up->all, t, &t->address[i]))
			up->own |= 1u << i;
		else
			routed = routed || is_routed(&t->address[i]);
	}
	if (t->address_count == 0)
		set_state(up, UPSTREAM_DOWN, has_no_address);
	else if (up->own == (1u << t->address_count) - 1)
		set_state(up, UPSTREAM_DOWN, is_own);
	else if (!routed)
		set_state(up, UPSTREAM_DOWN, has_no_route);
	else if (up->why == is_own || up->why == has_no_address || up->why == has_no_route)
		set_state(up, UPSTREAM_UNKNOWN, NULL);
	else if (up->state == UPSTREAM_DOWN)
		probe_hasten(&up->probe);
}

void upstreams_check_addresses(struct upstreams *u)
{
	for (size_t i = 0; i < u->count; i++)
		compare_addresses(u->list[i]);
}

static bool same_addresses(const struct target *a, const struct target *b)
{
	for (unsigned i = 0; i < a->address_count && a->address_count == b->address_count; i++)
		if (!same_address(&a->address[i], &b->address[i]))
			return false;
	return a->address_count == b->address_count;
}

/* New addresses: what was known of the old ones ends, but the best one stays so when it is among them. */
static void set_target(struct upstream *up, const struct target *t)
{
	struct target old = up->target;
	up->target = *t;
	if (same_addresses(&old, t))
		return;
	unsigned best = 0;
	for (unsigned i = 0; i < t->address_count && up->best < old.address_count; i++)
		if (same_address(&t->address[i], &old.address[up->best]))
			best = i;
	up->best = best;
	set_state(up, UPSTREAM_UNKNOWN, NULL);
}

/* Which of OLD T names; one of the same item if there is one. COUNT: none. */
static size_t find_old(struct upstream *const *old, size_t count, const struct target *t)
{
	size_t found = count;
	for (size_t i = 0; i < count; i++) {
		if (old[i] == NULL || old[i]->target.port != t->port ||
			strcasecmp(old[i]->target.host, t->host) != 0)
			continue;
		if (old[i]->target.item == t->item)
			return i;
		found = i;
	}
	return found;
}

/* Takes the upstream that T names out of OLD, or makes one. NULL: no memory. */
static struct upstream *set_upstream(
	struct upstreams *u, struct upstream **old, size_t count, const struct target *t)
{
	size_t place = find_old(old, count, t);
	if (place < count) {
		struct upstream *known = old[place];
		old[place] = NULL;
		set_target(known, t);
		return known;
	}
	struct upstream *up = calloc(1, sizeof(*up));
	if (up == NULL)
		return NULL;
	*up = (struct upstream){.all = u,
		.target = *t,
		.id = ++u->next_id,
		.connect_us = -1,
		.probe = {.by = &u->prober, .address = up->target.address, .watch.fd = -1}};
	return up;
}

bool upstreams_set(struct upstreams *u, const struct target *list, size_t count)
{
	bool whole = true;
	struct upstream *old[TARGETS_MAX] = {0};
	size_t old_count = u->count;
	memcpy(old, u->list, sizeof(old));
	u->count = 0;
	for (size_t i = 0; i < count && u->count < TARGETS_MAX; i++) {
		struct upstream *up = set_upstream(u, old, old_count, &list[i]);
		if (up != NULL)
			u->list[u->count++] = up;
		else
			log_warn("no memory for the upstream %s, trying again", list[i].host);
		whole = whole && up != NULL;
	}
	for (size_t i = 0; i < old_count; i++) {
		if (old[i] != NULL)
			probe_stop(&old[i]->probe);
		free(old[i]);
	}
	u->generation++;
	upstreams_check_addresses(u);
	u->changed(u);
	return whole;
}

void upstreams_init(struct upstreams *u, struct loop *loop, const struct settings *s,
	const struct networks *n, void (*changed)(struct upstreams *))
{
	*u = (struct upstreams){.changed = changed,
		.prober = {.loop = loop, .settings = s, .begin = begin_probe, .done = handle_probed},
		.settings = s,
		.networks = n};
	/* At the start of a guest there may be no randomness yet: then the clock has to do. */
	if (getrandom(&u->random, sizeof(u->random), GRND_NONBLOCK) < 0)
		u->random = (uint64_t)now_ms();
	u->random |= 1;
}

void upstreams_free(struct upstreams *u)
{
	upstreams_set(u, NULL, 0);
}
