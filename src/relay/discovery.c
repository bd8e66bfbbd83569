#include "discovery.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "common/file.h"
#include "common/log.h"
#include "records/upstreams.h"

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

static bool parse_upstream_address(struct address *a, const char *s, size_t length, uint16_t port)
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
				!parse_upstream_address(&result.address[result.address_count++], item_text,
					length, result.port))
				return false;
		if (result.address_count == 0)
			return false;
	}
	*t = result;
	return true;
}

/* Copies VALUE, or FALLBACK when there is none, into an array of SIZE; what is too long is cut. */
static void copy_item(char *to, size_t size, const char *value, const char *fallback)
{
	struct text t = {.data = to, .size = size};
	text_clear(&t);
	text_add_escaped(&t, value != NULL ? value : fallback, strlen(value != NULL ? value : fallback));
}

static void take_literal(struct target *t, size_t index, const struct endpoint *e)
{
	*t = (struct target){.item = (uint8_t)index, .literal = true, .port = e->port, .address_count = 1};
	memcpy(t->host, e->host, sizeof(t->host));
	memcpy(&t->address[0].any, &e->address, e->address_bytes);
	t->address[0].bytes = e->address_bytes;
}

/* The record's targets; they are in order of item and priority. */
static size_t read_targets(
	struct discovery *d, const struct record_view *v, struct target list[static TARGETS_MAX])
{
	const char *value;
	size_t count = 0;
	for (unsigned n = 1; (value = upstreams_target(v, n)) != NULL; n++) {
		if (count < TARGETS_MAX && target_parse(&list[count], value, d->settings->item_count)) {
			count++;
			continue;
		}
		if (count < TARGETS_MAX)
			log_warnx("record resolver/upstreams: target.%u is not of its form", n);
		d->left_out++;
	}
	return count;
}

static void read_record(struct discovery *d)
{
	static struct record_view v;
	struct upstreams_record told;
	static struct target found[TARGETS_MAX], list[TARGETS_MAX];
	size_t count = 0, found_count = 0;
	bool usable = d->needed && record_read(&v, "resolver", "upstreams") == 0;
	if (usable) {
		/* One that was made from other settings tells nothing of these. */
		upstreams_record_read(&told, &v, RECORD_READ);
		usable = strcmp(told.setting, d->settings->upstream) == 0;
	} else if (d->needed && file_error_passes(errno)) {
		return; /* what is known stays until it can be read */
	} else if (d->needed && errno != ENOENT) {
		log_warn("record resolver/upstreams");
	}
	d->left_out = usable ? (size_t)told.left_out : 0;
	if (usable)
		found_count = read_targets(d, &v, found);
	for (size_t i = 0; i < d->settings->item_count; i++) {
		const struct upstream_item *item = &d->settings->item[i];
		bool asked_for = usable && !item->literal;
		unsigned number = (unsigned)i + 1;
		copy_item(d->source[i], sizeof(d->source[i]), asked_for ? upstreams_source(&v, number) : NULL,
			item->literal ? "" : waiting);
		copy_item(
			d->asked[i], sizeof(d->asked[i]), asked_for ? upstreams_asked(&v, number) : NULL, "");
		if (item->literal && count < TARGETS_MAX)
			take_literal(&list[count++], i, &item->endpoint);
		for (size_t n = 0; n < found_count && !item->literal; n++)
			if (found[n].item == i && count < TARGETS_MAX)
				list[count++] = found[n];
	}
	if (!upstreams_set(d->upstreams, list, count))
		watch_again(&d->watch);
}

static void handle_watch(struct watch *w, unsigned places)
{
	(void)places;
	read_record(container_of(w, struct discovery, watch));
}

void discovery_renew(struct discovery *d)
{
	d->needed = false;
	for (size_t i = 0; i < d->settings->item_count; i++)
		d->needed = d->needed || !d->settings->item[i].literal;
	watch_read(&d->watch);
}

void discovery_init(
	struct discovery *d, struct loop *loop, struct upstreams *upstreams, const struct settings *settings)
{
	static const char *const places[] = {"resolver/upstreams"};
	*d = (struct discovery){.upstreams = upstreams, .settings = settings};
	watch_open(&d->watch, loop, places, 1, handle_watch);
	discovery_renew(d);
}

void discovery_free(struct discovery *d)
{
	watch_close(&d->watch);
}
