#include "discovery.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common/log.h"

enum { FOLDER_RETRY_MS = 250, FOLDER_RETRY_MAX_MS = 5000 };

static const char waiting[] = "waiting the resolver has not answered yet";

/* Takes the next word of *AT, which a blank or the end follows. False: there is none. */
static bool next_word(const char **at, const char **word, size_t *length)
{
	*word = *at;
	*length = strcspn(*at, " ");
	*at += *length;
	*at += **at == ' ';
	return *length > 0;
}

static bool next_number(const char **at, uint64_t max, uint64_t *value)
{
	const char *word;
	size_t length;
	return next_word(at, &word, &length) && parse_number_n(word, length, 0, max, value);
}

static bool parse_address(struct address *a, const char *s, size_t length, uint16_t port)
{
	char text[INET6_ADDRSTRLEN];
	if (length >= sizeof(text))
		return false;
	memcpy(text, s, length);
	text[length] = '\0';
	*a = (struct address){0};
	if (inet_pton(AF_INET, text, &a->in.sin_addr) == 1) {
		a->in.sin_family = AF_INET;
		a->in.sin_port = htons(port);
		a->bytes = sizeof(a->in);
		return true;
	}
	a->in6.sin6_family = AF_INET6;
	a->in6.sin6_port = htons(port);
	a->bytes = sizeof(a->in6);
	return inet_pton(AF_INET6, text, &a->in6.sin6_addr) == 1;
}

bool target_parse(struct target *t, const char *value, size_t item_count)
{
	uint64_t item, priority, weight, port, expires;
	const char *host, *item_text;
	size_t length;
	struct target result = {0};
	if (!next_number(&value, item_count, &item) || item == 0 ||
		!next_number(&value, UINT16_MAX, &priority) || !next_number(&value, UINT16_MAX, &weight) ||
		!next_number(&value, UINT16_MAX, &port) || port == 0 || !next_word(&value, &host, &length) ||
		!host_name_valid(host, length) || length >= sizeof(result.host) ||
		!next_number(&value, INT64_MAX, &expires))
		return false;
	result.item = (uint8_t)(item - 1);
	result.priority = (uint16_t)priority;
	result.weight = (uint16_t)weight;
	result.port = (uint16_t)port;
	memcpy(result.host, host, length);
	if (strcmp(value, "-") != 0) {
		while (config_next_item(&value, &item_text, &length))
			if (result.address_count == ADDRESSES_MAX ||
				!parse_address(&result.address[result.address_count++], item_text, length,
					result.port))
				return false;
		if (result.address_count == 0)
			return false;
	}
	*t = result;
	return true;
}

/* The record's value of PREFIX.N for item INDEX, or FALLBACK. */
static const char *item_value(const struct record_view *v, size_t index, const char *fallback)
{
	const char *value = record_get_item(v, "source", (unsigned)index + 1);
	return value != NULL ? value : fallback;
}

static void take_literal(struct target *t, size_t index, const struct endpoint *e)
{
	*t = (struct target){.item = (uint8_t)index, .literal = true, .port = e->port, .address_count = 1};
	memcpy(t->host, e->host, sizeof(t->host));
	memcpy(&t->address[0].any, &e->address, e->address_bytes);
	t->address[0].bytes = e->address_bytes;
}

/* Adds the record's targets of item INDEX; they are in order of priority. */
static size_t take_record(
	struct discovery *d, const struct record_view *v, size_t index, struct target *list, size_t room)
{
	struct target t;
	const char *value;
	size_t count = 0;
	for (unsigned n = 1; n <= TARGETS_MAX && (value = record_get_item(v, "target", n)) != NULL; n++) {
		if (!target_parse(&t, value, d->settings->item_count)) {
			log_warnx("record resolver/upstreams: target.%u is not of its form", n);
			d->left_out++;
		} else if (t.item == index && count < room) {
			list[count++] = t;
		} else if (t.item == index) {
			d->left_out++;
		}
	}
	return count;
}

static void read_record(struct discovery *d)
{
	static struct record_view v;
	static struct target list[TARGETS_MAX];
	size_t count = 0;
	bool usable = d->needed && record_read(&v, "resolver", "upstreams") == 0;
	if (usable) {
		/* One that was made from other settings tells nothing of these. */
		const char *made_from = record_get(&v, "setting");
		usable = made_from != NULL && strcmp(made_from, d->settings->upstream) == 0;
	} else if (d->needed && errno != ENOENT) {
		log_warn("record resolver/upstreams");
	}
	d->left_out = usable ? (size_t)record_get_number(&v, "left_out", 0) : 0;
	for (size_t i = 0; i < d->settings->item_count; i++) {
		const struct upstream_item *item = &d->settings->item[i];
		struct text t = {.data = d->source[i], .size = sizeof(d->source[i])};
		text_clear(&t);
		if (item->literal) {
			if (count < TARGETS_MAX)
				take_literal(&list[count++], i, &item->endpoint);
			continue;
		}
		const char *words = usable ? item_value(&v, i, waiting) : waiting;
		text_add_escaped(&t, words, strlen(words));
		if (usable)
			count += take_record(d, &v, i, list + count, TARGETS_MAX - count);
	}
	upstreams_set(d->upstreams, list, count);
}

/* True when the folder is watched. */
static bool watch_folder(struct discovery *d)
{
	char path[256];
	struct text t = TEXT(path);
	text_clear(&t);
	text_add(&t, "%s/resolver", run_dir());
	if (d->folder < 0 && d->watch.fd >= 0)
		d->folder = inotify_add_watch(
			d->watch.fd, path, IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF | IN_ONLYDIR);
	return d->folder >= 0;
}

static void handle_events(struct loop *loop, struct loop_fd *w, uint32_t events)
{
	struct discovery *d = container_of(w, struct discovery, watch);
	_Alignas(struct inotify_event) char buffer[4096];
	ssize_t length;
	(void)events;
	while ((length = read(w->fd, buffer, sizeof(buffer))) > 0)
		for (ssize_t at = 0; at < length;) {
			const struct inotify_event *event = (const struct inotify_event *)(buffer + at);
			at += (ssize_t)(sizeof(*event) + event->len);
			if (event->mask & IN_IGNORED) { /* the folder is gone */
				d->folder = -1;
				loop_arm(loop, &d->timer, now_ms() + FOLDER_RETRY_MS);
			}
		}
	read_record(d);
}

/* The resolver's folder is not there yet. */
static void handle_timer(struct loop *loop, struct loop_timer *timer)
{
	struct discovery *d = container_of(timer, struct discovery, timer);
	if (watch_folder(d))
		read_record(d);
	else
		loop_arm(loop, timer, now_ms() + FOLDER_RETRY_MAX_MS);
}

void discovery_renew(struct discovery *d)
{
	d->needed = false;
	for (size_t i = 0; i < d->settings->item_count; i++)
		d->needed = d->needed || !d->settings->item[i].literal;
	if (d->needed && !watch_folder(d))
		loop_arm(d->loop, &d->timer, now_ms() + FOLDER_RETRY_MS);
	read_record(d);
}

void discovery_init(
	struct discovery *d, struct loop *loop, struct upstreams *upstreams, const struct settings *settings)
{
	*d = (struct discovery){.loop = loop,
		.upstreams = upstreams,
		.settings = settings,
		.watch = {.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), .handle = handle_events},
		.folder = -1,
		.timer.handle = handle_timer};
	if (d->watch.fd < 0 || loop_add(loop, &d->watch, EPOLLIN) < 0)
		log_warn("inotify: changes of the resolver's record will not be seen");
	discovery_renew(d);
}

void discovery_free(struct discovery *d)
{
	loop_disarm(d->loop, &d->timer);
	loop_close(d->loop, &d->watch);
}
