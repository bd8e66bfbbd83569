/* The log keeps the newest lines within its bytes, cuts what is too long, reads both its sources, bounds
 * each, and makes messages of lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "datagram.h"
#include "limit.h"
#include "message.h"
#include "ring.h"
#include "source.h"
#include "wanted.h"

static struct ring ring;
static char bytes_of_line[LOG_LINE_BYTES_MAX];

static int fresh(void **state)
{
	(void)state;
	memset(&ring, 0, sizeof(ring));
	return 0;
}

static void assert_entry(
	const struct log_entry *e, long long time_ms, unsigned level, const char *name, const char *text)
{
	char expected[LOG_LINE_BYTES_MAX + 1], got[LOG_LINE_BYTES_MAX + 1];
	snprintf(expected, sizeof(expected), "%lld %u %s %s", time_ms, level, name, text);
	snprintf(got, sizeof(got), "%lld %u %.*s %.*s", (long long)e->time_ms, e->level, (int)e->name_bytes,
		e->name, (int)e->text_bytes, e->text);
	assert_string_equal(got, expected);
}

/* The ring as the file that is written from it. */
static size_t whole(char *file, size_t size)
{
	struct iovec pieces[2];
	ring_pieces(&ring, pieces);
	assert_true(pieces[0].iov_len + pieces[1].iov_len <= size);
	memcpy(file, pieces[0].iov_base, pieces[0].iov_len);
	memcpy(file + pieces[0].iov_len, pieces[1].iov_base, pieces[1].iov_len);
	return pieces[0].iov_len + pieces[1].iov_len;
}

static void newest_lines_are_kept_whole(void **state)
{
	static char file[LOG_LINES_BYTES_MAX];
	char text[64], expected[64];
	struct log_entry e;
	(void)state;
	/* Lengths that do not divide the ring, so that lines wrap at every place. */
	for (int i = 0; i < 100000; i++) {
		int length = snprintf(text, sizeof(text), "line %d %.*s", i, i % 37,
			"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
		ring_add(&ring, i, (unsigned)i % 8, "name", text, (size_t)length);
	}
	assert_int_equal(ring.end.lines, 100000);
	size_t length = whole(file, sizeof(file));
	assert_true(length <= LOG_LINES_BYTES_MAX && length > LOG_LINES_BYTES_MAX - 100);
	struct ring_place at = ring.first;
	size_t in_file = 0;
	long long number = (long long)ring.first.lines;
	for (; ring_next(&ring, &at, &e, bytes_of_line); number++) {
		snprintf(expected, sizeof(expected), "line %lld %.*s", number, (int)(number % 37),
			"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
		assert_entry(&e, number, (unsigned)(number % 8), "name", expected);
		assert_true(log_lines_next(file, length, &in_file, &e));
		assert_entry(&e, number, (unsigned)(number % 8), "name", expected);
		assert_int_equal(at.lines, number + 1);
	}
	assert_int_equal(number, 100000);
	assert_int_equal(in_file, length);
	assert_true(ring.end.lines - ring.first.lines > 800);
}

static void one_line(const char *text, size_t length, struct log_entry *e)
{
	memset(&ring, 0, sizeof(ring));
	ring_add(&ring, 1, 6, "x", text, length);
	struct ring_place at = ring.first;
	assert_true(ring_next(&ring, &at, e, bytes_of_line));
	assert_int_equal(at.bytes, ring.end.bytes);
}

static void long_line_is_cut_visibly(void **state)
{
	char bytes[5000];
	struct log_entry e;
	(void)state;
	memset(bytes, 'y', sizeof(bytes));
	one_line(bytes, LOG_TEXT_MAX, &e);
	assert_int_equal(e.text_bytes, LOG_TEXT_MAX);
	assert_memory_equal(e.text + LOG_TEXT_MAX - 4, "yyyy", 4);
	one_line(bytes, LOG_TEXT_MAX + 1, &e);
	assert_int_equal(e.text_bytes, LOG_TEXT_MAX);
	assert_memory_equal(e.text + LOG_TEXT_MAX - 4, "y...", 4);
	/* Escapes are four bytes, and none is cut in two, wherever they begin. */
	for (size_t lead = 0; lead < 4; lead++) {
		memset(bytes, 0x1b, sizeof(bytes));
		memset(bytes, 'y', lead);
		one_line(bytes, sizeof(bytes), &e);
		assert_true(e.text_bytes <= LOG_TEXT_MAX && e.text_bytes > LOG_TEXT_MAX - 4);
		assert_memory_equal(e.text + e.text_bytes - 7, "\\x1b...", 7);
		assert_int_equal((e.text_bytes - lead - 3) % 4, 0);
	}
}

static void only_printable_ascii_is_kept(void **state)
{
	char all[256];
	struct log_entry e;
	(void)state;
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	one_line(all, 64, &e);
	assert_memory_equal(e.text, "\\x00\\x01", 8);
	one_line(all + 32, 95, &e);
	assert_int_equal(e.text_bytes, 95);
	one_line(all + 127, 129, &e);
	assert_int_equal(e.text_bytes, 4 * 129);
	for (size_t i = 0; i < e.text_bytes; i++)
		assert_true(e.text[i] >= 0x20 && e.text[i] <= 0x7e);
}

static char lines[16][LOG_TEXT_MAX + 2];
static unsigned levels[16];
static size_t line_count;

static void take(void *context, unsigned level, const char *bytes, size_t length)
{
	(void)context;
	assert_true(line_count < 16);
	levels[line_count] = level;
	snprintf(lines[line_count++], sizeof(lines[0]), "%.*s", (int)length, bytes);
}

static void output_is_split_into_lines_wherever_it_is_cut(void **state)
{
	static const char output[] = "plain\n<3>bad\r\n\n<9>no level\nlast";
	(void)state;
	for (size_t piece = 1; piece < sizeof(output); piece++) {
		struct partial p = {.used = 0};
		line_count = 0;
		for (size_t at = 0; at < sizeof(output) - 1; at += piece)
			partial_take(&p, output + at,
				at + piece < sizeof(output) - 1 ? piece : sizeof(output) - 1 - at, take,
				NULL);
		assert_int_equal(line_count, 3);
		assert_string_equal(lines[0], "plain");
		assert_int_equal(levels[0], 6);
		assert_string_equal(lines[1], "bad");
		assert_int_equal(levels[1], 3);
		assert_string_equal(lines[2], "<9>no level");
		partial_take(&p, "\n", 1, take, NULL);
		assert_string_equal(lines[3], "last");
	}
}

static void line_without_end_is_bounded(void **state)
{
	char bytes[3000];
	struct partial p = {.used = 0};
	(void)state;
	line_count = 0;
	memset(bytes, 'z', sizeof(bytes));
	for (int i = 0; i < 10; i++)
		partial_take(&p, bytes, sizeof(bytes), take, NULL);
	assert_int_equal(line_count, 0);
	partial_take(&p, "\nnext\n", 6, take, NULL);
	assert_int_equal(line_count, 2);
	assert_true(strlen(lines[0]) > LOG_TEXT_MAX); /* which ring_add cuts with a mark */
	assert_string_equal(lines[1], "next");
}

static void kernel_records_are_read(void **state)
{
	unsigned level = 9;
	int64_t time_ms = 0;
	const char *message;
	size_t length;
	const char good[] = "4,339,5140900,-;e1000: link down\n SUBSYSTEM=net\n";
	(void)state;
	assert_true(kmsg_parse(good, sizeof(good) - 1, &level, &time_ms, &message, &length));
	assert_int_equal(level, 4);
	assert_int_equal(time_ms, 5140);
	assert_int_equal(length, strlen("e1000: link down"));
	assert_memory_equal(message, "e1000: link down", length);
	/* A facility other than the kernel's stands in the upper bits. */
	assert_true(kmsg_parse("30,1,2,-;x", 10, &level, &time_ms, &message, &length));
	assert_int_equal(level, 6);
	const char *const bad[] = {
		"", "4", "4,1", "4,1,2,-", "x,1,2,-;t", "4,1,x,-;t", ";", ",,,;", "-4,1,2,-;t"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(kmsg_parse(bad[i], strlen(bad[i]), &level, &time_ms, &message, &length));
}

/* One that says too much gets a burst, then so many a second; one that says nothing for a while a burst
 * again. */
static void limit_lets_bursts_through(void **state)
{
	struct limit l = {0};
	int64_t now = 1000000;
	(void)state;
	for (int i = 0; i < LIMIT_BURST; i++)
		assert_true(limit_take(&l, now));
	assert_false(limit_take(&l, now));
	assert_int_equal(l.left_out, 1);
	unsigned taken = 0;
	for (int ms = 1; ms <= 10000; ms++)
		taken += limit_take(&l, now + ms);
	assert_int_equal(taken, 10 * LIMIT_PER_SECOND);
	assert_int_equal(l.left_out, 1 + 10000 - taken);
	assert_int_equal(l.untold, l.left_out);
	now += 10000 + 1000 * LIMIT_BURST / LIMIT_PER_SECOND;
	for (int i = 0; i < LIMIT_BURST; i++)
		assert_true(limit_take(&l, now));
	assert_false(limit_take(&l, now));
}

static void assert_message(
	const struct message_origin *o, const char *line, uint64_t number, const char *expected)
{
	char bytes[MESSAGE_BYTES_MAX + 1];
	struct log_entry e;
	size_t at = 0;
	assert_true(log_lines_next(line, strlen(line), &at, &e));
	bytes[message_write(bytes, &e, number, o)] = '\0';
	assert_string_equal(bytes, expected);
}

static void lines_become_messages(void **state)
{
	struct message_origin o = {
		.host_name = "relay1", .clock_ahead_ms = 1795342800000, .clock_known = true};
	(void)state;
	assert_message(&o, "1234 6 relay ready\n", 1,
		"<30>1 2026-11-22T10:20:01.234Z relay1 relay - - [timeQuality tzKnown=\"1\" isSynced=\"0\"]"
		"[meta sequenceId=\"1\" sysUpTime=\"123\"] ready");
	o.clock_in_step = true;
	o.clock_ahead_ms = 951782400000 - 1; /* the 29th of February 2000 begins a millisecond later */
	assert_message(&o, "0 3 kernel  a\n", UINT64_C(2147483647),
		"<3>1 2000-02-28T23:59:59.999Z relay1 kernel - - [timeQuality tzKnown=\"1\" isSynced=\"1\"]"
		"[meta sequenceId=\"2147483647\" sysUpTime=\"0\"]  a");
	o.host_name = "two words";
	o.clock_ahead_ms = -5000;
	assert_message(&o, "4999 0 kernel2 \n", UINT64_C(2147483648),
		"<24>1 - - kernel2 - - [timeQuality tzKnown=\"1\" isSynced=\"1\"]"
		"[meta sequenceId=\"1\" sysUpTime=\"499\"] ");
	o.host_name = "";
	o.clock_ahead_ms = 1795342800000;
	o.clock_known = false;
	assert_message(&o, "42949672960 7 x y\n", 7,
		"<31>1 - - x - - [timeQuality tzKnown=\"1\" isSynced=\"0\"][meta sequenceId=\"7\" "
		"sysUpTime=\"0\"] y");
}

static void keep_line(void *context, unsigned level, const char *text, size_t length)
{
	(void)context;
	ring_add(&ring, 0, level, "service", text, length);
}

static void assert_datagram(const char *bytes, size_t length, const char *expected)
{
	static char file[LOG_LINES_BYTES_MAX + 1];
	memset(&ring, 0, sizeof(ring));
	datagram_take(bytes, length, keep_line, NULL);
	file[whole(file, sizeof(file))] = '\0';
	assert_string_equal(file, expected);
}

/* Of each line "0 LEVEL service TEXT\n". */
static void syslog_datagrams_become_lines(void **state)
{
	static const struct {
		const char *bytes, *expected;
	} cases[] = {
		/* glibc, musl without a name, busybox, Python */
		{"<13>Nov 28 09:05:01 cron[12]: hello", "0 5 service cron: hello\n"},
		{"<30>Nov  8 09:05:01 cron: hello", "0 6 service cron: hello\n"},
		{"<14>Nov 28 09:05:01 : hello", "0 6 service hello\n"},
		{"<0>kern: panic", "0 0 service kern: panic\n"},
		{"<191>text alone", "0 7 service text alone\n"},
		{"<11>2026-11-28T09:05:01.123456+01:00 app[1]: iso", "0 3 service app: iso\n"},
		{"<28>app[1]: one\ntwo\r\n\n three\n",
			"0 4 service app: one\n0 4 service app: two\n0 4 service app:  three\n"},
		{"<13>Nov 28 09:05:01 host app: with a host", "0 5 service host app: with a host\n"},
		{"<13>app[1]:", ""},
		{"<13>http://example.org/ is no tag", "0 5 service http://example.org/ is no tag\n"},
		{"<13>app[1 ]: no pid", "0 5 service app[1 ]: no pid\n"},
		/* No priority, or none that there is */
		{"app[1]: hello", "0 6 service app[1]: hello\n"},
		{"<192>text", "0 6 service <192>text\n"},
		{"<>text", "0 6 service <>text\n"},
		{"<13", "0 6 service <13\n"},
		{"<0013>text", "0 6 service <0013>text\n"},
		{"", ""},
		{"\n\n", ""},
		{"<13>", ""},
		/* RFC 5424 */
		{"<34>1 2026-11-28T09:05:01.003Z host su - ID47 - \xef\xbb\xbfwords",
			"0 2 service su: words\n"},
		{"<165>1 - - - - - [a b=\"c ] \\\" d\"][e] words", "0 5 service words\n"},
		{"<165>1 2026-11-28T09:05:01Z h app 1 - -", ""},
		{"<165>1 - h app 1 - [a b=\"c\" words", "0 5 service 1 - h app 1 - [a b=\"c\" words\n"},
		{"<165>1 apple", "0 5 service 1 apple\n"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_datagram(cases[i].bytes, strlen(cases[i].bytes), cases[i].expected);
	assert_datagram("<14>python\0", 11, "0 6 service python\n");
	assert_datagram("<14>a\0b\x1b[m", 10, "0 6 service a\\x00b\\x1b[m\n");
}

static void long_datagrams_are_cut_visibly(void **state)
{
	static char bytes[DATAGRAM_BYTES_MAX];
	char expected[LOG_LINE_BYTES_MAX + 1];
	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	memcpy(bytes, "<14>tag: ", 9);
	snprintf(expected, sizeof(expected), "0 6 service tag: %.*s...\n", LOG_TEXT_MAX - 8, bytes + 9);
	assert_datagram(bytes, sizeof(bytes), expected);
	memcpy(bytes, "<14>xxxxx", 9); /* a word that is too long for a tag */
	bytes[200] = ':';
	bytes[201] = ' ';
	snprintf(expected, sizeof(expected), "0 6 service %.*s...\n", LOG_TEXT_MAX - 3, bytes + 4);
	assert_datagram(bytes, sizeof(bytes), expected);
}

static struct wanted wanted_of(const char *setting, const char *net_resolver)
{
	static struct record_view view;
	struct wanted w;
	assert_int_equal(record_parse(&view, net_resolver, strlen(net_resolver)), 0);
	wanted_read(&w, setting, &view);
	return w;
}

static void setting_wins_over_dhcp(void **state)
{
	static const char dhcp[] = "log_server.1=nonsense\nlog_server.2=192.0.2.8\nlog_server.3=192.0.2.9\n";
	(void)state;
	struct wanted w = wanted_of("", ""), other;
	assert_true(!w.any && !w.off && w.peer_count == 0);
	w = wanted_of("off", dhcp);
	assert_true(!w.any && w.off);
	w = wanted_of("", dhcp);
	assert_true(w.any && w.by_dhcp && !w.collector.tcp && w.peer_count == 2);
	assert_string_equal(w.collector.endpoint.host, "192.0.2.8");
	assert_int_equal(ntohs(w.peers[1].ipv4.sin_port), COLLECTOR_PORT);
	other = wanted_of("udp://192.0.2.8", dhcp);
	assert_true(other.any && !other.by_dhcp && other.peer_count == 1);
	assert_false(wanted_equal(&w, &other));
	w = wanted_of("udp://192.0.2.8:514", "");
	assert_true(wanted_equal(&w, &other));
	w = wanted_of("tcp://log.example:601", dhcp);
	assert_true(w.any && w.collector.tcp && w.peer_count == 0);
	w = wanted_of("https://log.example", dhcp);
	assert_true(!w.any && !w.off);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(newest_lines_are_kept_whole, fresh),
		cmocka_unit_test_setup(long_line_is_cut_visibly, fresh),
		cmocka_unit_test_setup(only_printable_ascii_is_kept, fresh),
		cmocka_unit_test_setup(output_is_split_into_lines_wherever_it_is_cut, fresh),
		cmocka_unit_test_setup(line_without_end_is_bounded, fresh),
		cmocka_unit_test_setup(kernel_records_are_read, fresh),
		cmocka_unit_test(limit_lets_bursts_through),
		cmocka_unit_test(lines_become_messages),
		cmocka_unit_test(syslog_datagrams_become_lines),
		cmocka_unit_test(long_datagrams_are_cut_visibly),
		cmocka_unit_test(setting_wins_over_dhcp),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
