/* Events come out of dhcpcd's stream whole in whatever pieces it comes; of what is too large the first
 * strings are kept; what is no such stream is told from one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "event.h"

static struct event_stream stream;

static const char first[] = "reason=CARRIER\0interface=eth0\0ifcarrier=up";
static const char second[] = "reason=BOUND\0interface=eth0\0new_ip_address=192.0.2.7\0new_empty=";

static size_t put(uint8_t *to, const void *bytes, size_t length)
{
	memcpy(to, &length, sizeof(length));
	if (bytes != NULL)
		memcpy(to + sizeof(length), bytes, length);
	return sizeof(length) + (bytes != NULL ? length : 0);
}

static size_t put_both(uint8_t *to)
{
	size_t used = put(to, first, sizeof(first));
	return used + put(to + used, second, sizeof(second));
}

/* Feeds BYTES in pieces of STEP and returns how many events came; SEEN gets their reasons. */
static unsigned feed(const uint8_t *bytes, size_t length, size_t step, char seen[static 64])
{
	unsigned events = 0;
	seen[0] = '\0';
	event_stream_start(&stream);
	for (size_t at = 0; at < length; at += step) {
		const uint8_t *piece = bytes + at;
		size_t left = length - at < step ? length - at : step;
		struct event e;
		enum event_result result;
		while ((result = event_stream_push(&stream, &piece, &left, &e)) == EVENT_READY) {
			strncat(seen, event_get(&e, "reason"), 16);
			events++;
		}
		assert_int_equal(result, EVENT_MORE);
		assert_int_equal(left, 0);
	}
	return events;
}

static void events_are_whole_however_the_stream_is_cut(void **state)
{
	uint8_t bytes[256];
	char seen[64];
	size_t length = put_both(bytes);
	(void)state;
	for (size_t step = 1; step <= length; step++) {
		assert_int_equal(feed(bytes, length, step, seen), 2);
		assert_string_equal(seen, "CARRIERBOUND");
	}
}

static void values_are_found_by_their_whole_key(void **state)
{
	struct event e = {.data = second, .bytes = sizeof(second)};
	(void)state;
	assert_string_equal(event_get(&e, "new_ip_address"), "192.0.2.7");
	assert_string_equal(event_get(&e, "new_empty"), "");
	assert_null(event_get(&e, "new_ip"));
	assert_null(event_get(&e, "ip_address"));
	assert_null(event_get(&e, "new_ip_address=192.0.2.7"));
	assert_string_equal(event_getf(&e, "new_%s_address", "ip"), "192.0.2.7");
	assert_null(event_getf(&e, "%0100d", 1));
	assert_int_equal(event_number(&e, "new_ip_address", 5), 5);
	assert_int_equal(event_number(&e, "nothing", 6), 6);
}

static void words_of_a_list(void **state)
{
	const char *list = "  a bc   d ", *word;
	size_t length;
	(void)state;
	assert_true(event_next_word(&list, &word, &length));
	assert_memory_equal(word, "a", length);
	assert_true(event_next_word(&list, &word, &length));
	assert_int_equal(length, 2);
	assert_true(event_next_word(&list, &word, &length));
	assert_memory_equal(word, "d", length);
	assert_false(event_next_word(&list, &word, &length));
	list = NULL;
	assert_false(event_next_word(&list, &word, &length));
}

static void of_too_large_events_the_first_strings_are_kept(void **state)
{
	static const char begin[] = "reason=LARGE\0one=1";
	size_t large = EVENT_BYTES_MAX + 100, used;
	uint8_t *bytes = calloc(1, large + 1024);
	char seen[64];
	(void)state;
	assert_non_null(bytes);
	used = put(bytes, NULL, large);
	memset(bytes + used, 'x', large); /* a string that goes on behind the place */
	memcpy(bytes + used, begin, sizeof(begin));
	used += large;
	used += put_both(bytes + used);
	for (size_t step = 1; step < used; step = step * 5 + 1) {
		assert_int_equal(feed(bytes, used, step, seen), 3);
		assert_string_equal(seen, "LARGECARRIERBOUND");
	}
	struct event e;
	const uint8_t *at = bytes;
	event_stream_start(&stream);
	assert_int_equal(event_stream_push(&stream, &at, &used, &e), EVENT_READY);
	assert_true(e.cut && e.bytes == sizeof(begin));
	assert_string_equal(event_get(&e, "one"), "1");
	free(bytes);
}

static enum event_result push_one(const void *event, size_t length)
{
	uint8_t bytes[256];
	const uint8_t *at = bytes;
	size_t used = put(bytes, event, length);
	struct event e;
	event_stream_start(&stream);
	return event_stream_push(&stream, &at, &used, &e);
}

static void what_is_no_stream_of_events_is_refused(void **state)
{
	(void)state;
	assert_int_equal(push_one("reason=A", 9), EVENT_READY);
	assert_int_equal(push_one("reason=A", 8), EVENT_LOST); /* no NUL at its end */
	assert_int_equal(push_one(NULL, 0), EVENT_LOST);
	assert_int_equal(push_one(NULL, SIZE_MAX), EVENT_LOST);
	assert_int_equal(push_one(NULL, (size_t)17 << 20), EVENT_LOST);
}

static void count_of_an_answer(void **state)
{
	uint8_t bytes[256];
	size_t count = 2, length;
	(void)state;
	memcpy(bytes, &count, sizeof(count));
	length = sizeof(count) + put_both(bytes + sizeof(count));
	for (size_t cut = 0; cut < sizeof(count); cut++) {
		const uint8_t *at = bytes;
		size_t left = cut, got = 0;
		struct event e;
		event_stream_start(&stream);
		assert_int_equal(event_stream_push_count(&stream, &at, &left, &got), EVENT_MORE);
		left = length - cut;
		assert_int_equal(event_stream_push_count(&stream, &at, &left, &got), EVENT_READY);
		assert_int_equal(got, 2);
		assert_int_equal(event_stream_push(&stream, &at, &left, &e), EVENT_READY);
		assert_string_equal(event_get(&e, "reason"), "CARRIER");
	}
	count = 5000;
	const uint8_t *at = (const uint8_t *)&count;
	size_t left = sizeof(count), got;
	event_stream_start(&stream);
	assert_int_equal(event_stream_push_count(&stream, &at, &left, &got), EVENT_LOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_whole_however_the_stream_is_cut),
		cmocka_unit_test(values_are_found_by_their_whole_key),
		cmocka_unit_test(words_of_a_list),
		cmocka_unit_test(of_too_large_events_the_first_strings_are_kept),
		cmocka_unit_test(what_is_no_stream_of_events_is_refused),
		cmocka_unit_test(count_of_an_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
