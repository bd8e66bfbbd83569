#include "source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "words.h"

enum { NEVER = -1 };

int64_t source_expires_ms(const struct source *s, const struct target *t)
{
	return s->answered_ms + (int64_t)t->ttl_s * 1000;
}

static void log_change(const struct source *s, enum source_state state, const char *words)
{
	bool same = state == s->state;
	log_line(state == SOURCE_OK ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "%s%s: %s%s%s%s%s",
		s->service ? "srv:" : "", s->name, same ? "" : source_state_words[s->state],
		same ? "" : " -> ", source_state_words[state], words[0] != '\0' ? ": " : "", words);
}

/* The one place that changes state and words. WAIT_MS: how long until it is asked for again, or NEVER. */
static void set_state(struct source *s, enum source_state state, const char *words, int64_t wait_ms)
{
	if (state != s->state || strcmp(words, s->words) != 0)
		log_change(s, state, words);
	s->state = state;
	if (words != s->words)
		strcpy(s->words, words);
	if (wait_ms == NEVER)
		loop_disarm(s->all->loop, &s->timer);
	else
		loop_arm(s->all->loop, &s->timer, now_ms() + wait_ms);
	s->all->changed(s->all);
}

/* The wait before the next try, and a longer one after it. */
static int64_t next_retry(struct source *s, int64_t least_ms)
{
	int64_t wait = s->retry_ms > least_ms ? s->retry_ms : least_ms;
	s->retry_ms = wait * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : wait * 2;
	return wait;
}

static void drop_targets(struct source *s)
{
	free(s->targets);
	s->targets = NULL;
	s->target_count = s->left_out = 0;
	s->asked[0] = '\0';
}

/* The servers could not say: what was known stays true. */
static void set_unknown(struct source *s, const char *words, bool retry)
{
	enum source_state state = s->target_count > 0         ? SOURCE_STALE
				  : s->state == SOURCE_FAILED ? SOURCE_FAILED
							      : SOURCE_WAITING;
	int64_t least = s->target_count > 0 ? RETRY_KNOWN_MS : RETRY_NONE_MS;
	set_state(s, state, words, retry ? next_retry(s, least) : NEVER);
}

/* The servers say that there is none. */
static void set_none(struct source *s, const char *words)
{
	drop_targets(s);
	set_state(s, SOURCE_FAILED, words, next_retry(s, RETRY_KNOWN_MS));
}

static void add_name(struct question *q, const char *name, const char *domain)
{
	size_t length = strlen(name), more = domain[0] != '\0' ? strlen(domain) + 1 : 0;
	if (length + more >= HOST_BYTES_MAX)
		return;
	char *to = q->name[q->name_count++];
	memcpy(to, name, length + 1);
	if (more > 0) {
		to[length] = '.';
		memcpy(to + length + 1, domain, more);
	}
}

/* A name of one label may be one of a search domain's, as for everybody else who resolves it (resolv.conf(5),
 * ndots:1). */
static void make_question(struct question *q, const struct source *s)
{
	const struct environment *e = &s->all->environment;
	q->service = s->service;
	q->port = s->port;
	q->name_count = 0;
	for (unsigned i = 0; s->relative && i < e->domain_count; i++)
		add_name(q, s->name, e->domain[i]);
	if (!s->relative || !s->service)
		add_name(q, s->name, "");
}

static void ask(struct source *s)
{
	struct question q;
	s->due = false;
	loop_disarm(s->all->loop, &s->timer);
	make_question(&q, s);
	if (!s->all->environment.has_servers) {
		set_unknown(s, "no name servers", false);
	} else if (q.name_count == 0) {
		set_unknown(s,
			s->all->environment.domain_count == 0 ? "no search domain yet"
							      : "too long with any search domain",
			false);
	} else if (worker_start(&s->worker, &q) < 0) {
		char words[SOURCE_WORDS_MAX];
		struct text t = TEXT(words);
		text_add(&t, "cannot start a process to ask: %s", strerror(errno));
		set_unknown(s, words, true);
	} else {
		s->all->running++;
	}
}

/* Gives the workers that are free to those that wait. */
static void run(struct sources *all)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->list[i]->due && all->list[i]->worker.child.pid == 0 && all->running < WORKERS_MAX)
			ask(all->list[i]);
}

static void handle_timer(struct loop *loop, struct loop_timer *timer)
{
	struct source *s = container_of(timer, struct source, timer);
	(void)loop;
	s->due = true;
	run(s->all);
}

static const struct target *find_target(const struct source *s, const struct target *like)
{
	for (unsigned i = 0; i < s->target_count; i++)
		if (strcmp(s->targets[i].host, like->host) == 0)
			return &s->targets[i];
	return NULL;
}

/* A host whose addresses did not come this time keeps the known ones. Returns how many of the
 * targets have an address. */
static unsigned keep_addresses(const struct source *s, struct target *targets, unsigned count)
{
	unsigned usable = 0;
	for (unsigned i = 0; i < count; i++) {
		struct target *t = &targets[i];
		const struct target *known = find_target(s, t);
		if (t->incomplete && t->address_count == 0 && known != NULL) {
			memcpy(t->address, known->address, sizeof(t->address));
			t->address_count = known->address_count;
		}
		usable += t->address_count > 0;
	}
	return usable;
}

static void take_targets(struct source *s, const struct packet *p, const char *name)
{
	struct target *targets = malloc(p->count * sizeof(targets[0]));
	char words[SOURCE_WORDS_MAX] = "";
	struct text t = TEXT(words);
	uint32_t ttl = TTL_MAX_S;
	bool incomplete = false;
	if (targets == NULL) {
		set_unknown(s, "no memory for the answer", true);
		return;
	}
	memcpy(targets, p->target, p->count * sizeof(targets[0]));
	for (unsigned i = 0; i < p->count; i++) {
		ttl = targets[i].ttl_s < ttl ? targets[i].ttl_s : ttl;
		incomplete = incomplete || targets[i].incomplete;
	}
	if (keep_addresses(s, targets, p->count) == 0) {
		free(targets);
		words_for_hosts(&t, p, incomplete);
		if (incomplete)
			set_unknown(s, words, true);
		else
			set_none(s, words);
		return;
	}
	drop_targets(s);
	s->targets = targets;
	s->target_count = p->count;
	s->left_out = p->left_out;
	s->answered_ms = now_ms();
	s->retry_ms = 0;
	strcpy(s->asked, name);
	if (p->refused > 0)
		log_warnx("%s: %u records that cannot be used", name, (unsigned)p->refused);
	set_state(s, SOURCE_OK, words, (int64_t)ttl * 1000);
}

static void handle_answer(struct worker *w, const struct packet *p)
{
	struct source *s = container_of(w, struct source, worker);
	struct question q;
	char words[SOURCE_WORDS_MAX];
	struct text t = TEXT(words);
	s->all->running--;
	make_question(&q, s);
	const char *name = q.name[p != NULL ? p->asked : 0];
	enum answer_status status = p != NULL ? (enum answer_status)p->status : ANSWER_SILENT;
	enum answer_status failure = p != NULL ? (enum answer_status)p->failure : ANSWER_OK;
	words_for(&t, status == ANSWER_OK ? failure : status, name, &q);
	if (status != ANSWER_OK && answer_is_final(status))
		set_none(s, words);
	/* The servers failed for an earlier domain: its last answer takes precedence over this one's. */
	else if (status != ANSWER_OK ||
		 (failure != ANSWER_OK && s->asked[0] != '\0' && strcmp(s->asked, name) != 0))
		set_unknown(s, words, true);
	else
		take_targets(s, p, name);
	run(s->all);
}

static void free_source(struct source *s)
{
	if (s->worker.child.pid != 0)
		s->all->running--;
	worker_stop(&s->worker);
	loop_disarm(s->all->loop, &s->timer);
	free(s->targets);
	free(s);
}

/* The source of an item, without answer. NULL: no name, or no memory. */
static struct source *make_source(struct sources *all, unsigned number, const char *item, size_t length)
{
	struct endpoint e;
	struct service_name n;
	bool service = service_name_parse(&n, item, length);
	if (!service && (!endpoint_parse(&e, item, length) || e.literal))
		return NULL;
	struct source *s = calloc(1, sizeof(*s));
	if (s == NULL) {
		log_warn("relay.upstream: item %u is left out", number);
		return NULL;
	}
	s->all = all;
	s->number = number;
	s->service = service;
	strcpy(s->name, service ? n.name : e.host);
	s->relative = service ? n.relative : strchr(s->name, '.') == NULL;
	s->port = service ? 0 : e.port;
	s->due = true;
	s->timer.handle = handle_timer;
	worker_init(&s->worker, all->loop, handle_answer);
	return s;
}

/* Takes the source like S out of LIST; NULL when there is none. */
static struct source *take_same(struct source **list, size_t count, const struct source *s)
{
	for (size_t i = 0; i < count; i++) {
		struct source *known = list[i];
		if (known == NULL || known->service != s->service || known->port != s->port ||
			strcmp(known->name, s->name) != 0)
			continue;
		list[i] = NULL;
		return known;
	}
	return NULL;
}

void sources_set(struct sources *all, const char *upstream)
{
	struct source *before[SOURCES_MAX];
	size_t before_count = all->count, length;
	const char *item;
	memcpy(before, all->list, sizeof(before));
	all->count = 0;
	for (unsigned number = 1; config_next_item(&upstream, &item, &length); number++) {
		struct source *s = make_source(all, number, item, length);
		if (s == NULL)
			continue;
		if (all->count == SOURCES_MAX) {
			free_source(s);
			break;
		}
		struct source *same = take_same(before, before_count, s);
		if (same != NULL) {
			free_source(s);
			s = same;
			s->number = number;
		}
		all->list[all->count++] = s;
	}
	for (size_t i = 0; i < before_count; i++)
		if (before[i] != NULL)
			free_source(before[i]);
	run(all);
	all->changed(all);
}

void sources_set_environment(struct sources *all, const struct environment *e)
{
	all->environment = *e;
	for (size_t i = 0; i < all->count; i++) {
		struct source *s = all->list[i];
		if (s->worker.child.pid != 0)
			all->running--;
		worker_stop(&s->worker);
		s->retry_ms = 0;
		s->due = true;
	}
	run(all);
}

void sources_init(struct sources *all, struct loop *loop, void (*changed)(struct sources *))
{
	*all = (struct sources){.loop = loop, .changed = changed};
}

void sources_free(struct sources *all)
{
	for (size_t i = 0; i < all->count; i++)
		free_source(all->list[i]);
	all->count = 0;
}
