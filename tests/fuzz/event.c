/* dhcpcd's stream: the events in it are the same in whatever pieces it comes, and each is whole.
 *
 * The first byte of an input is the size of the pieces, 0 for one; the second says whether a count of events
 * comes first. */
#include "fuzz.h"
#include "net/event.h"

enum { EVENTS_MAX = 64 };

/* What a stream came to. */
struct outcome {
	size_t count, count_said, cut;
	bool lost;
	uint32_t sum; /* over all events' bytes */
};

static uint32_t add_to_sum(uint32_t sum, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		sum = (sum ^ (uint8_t)bytes[i]) * 16777619u; /* FNV-1a */
	return sum;
}

static void check_event(const struct event *e)
{
	must(e->bytes <= EVENT_BYTES_MAX);
	must(e->bytes > 0 ? e->data[e->bytes - 1] == '\0' : e->cut);
	const char *value = event_get(e, "new_domain_name_servers"), *word;
	size_t length;
	must(value == NULL || (value > e->data && value < e->data + e->bytes));
	must(value == NULL ||
		event_get(e, "new_domain_name_servers") == event_getf(e, "new_%s", "domain_name_servers"));
	while (event_next_word(&value, &word, &length))
		must(length > 0 && memchr(word, ' ', length) == NULL && word + length < e->data + e->bytes);
	event_number(e, "interface_order", 7);
}

static struct outcome run(const uint8_t *bytes, size_t size, size_t piece, bool counted)
{
	static struct event_stream s;
	struct outcome o = {0};
	struct event e;
	event_stream_start(&s);
	while (size > 0 && !o.lost) {
		size_t left = size < piece ? size : piece;
		uint8_t *copy = copy_of(bytes, left, false);
		const uint8_t *at = copy;
		bytes += left;
		size -= left;
		enum event_result result = EVENT_READY;
		while (result == EVENT_READY && o.count < EVENTS_MAX) {
			if (counted) {
				result = event_stream_push_count(&s, &at, &left, &o.count_said);
				counted = result == EVENT_MORE;
				continue;
			}
			result = event_stream_push(&s, &at, &left, &e);
			if (result != EVENT_READY)
				break;
			check_event(&e);
			o.sum = add_to_sum(o.sum, e.data, e.bytes);
			o.cut += e.cut;
			o.count++;
		}
		o.lost = result == EVENT_LOST || o.count == EVENTS_MAX;
		must(o.lost || left == 0);
		free(copy);
	}
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t piece = take_byte(&data, &size);
	bool counted = take_byte(&data, &size) & 1;
	struct outcome whole = run(data, size, size, counted);
	struct outcome pieces = run(data, size, piece == 0 ? size : piece, counted);
	must(whole.count == pieces.count && whole.count_said == pieces.count_said);
	must(whole.cut == pieces.cut && whole.lost == pieces.lost && whole.sum == pieces.sum);
	return 0;
}
