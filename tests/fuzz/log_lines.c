/* Whatever a child writes: the log keeps each of its lines, printable ASCII only, as the rule written once
 * more has it; they make a file that is read again, and messages that keep RFC 5424. A file of any bytes is
 * refused, or each way through it shows the same lines. */
#include "common/log_lines.h"
#include "fuzz.h"
#include "log/datagram.h"
#include "log/message.h"
#include "log/ring.h"
#include "log/source.h"

static struct ring ring;

static void take_line(void *context, unsigned level, const char *text, size_t length)
{
	const char *name = context;
	ring_add(&ring, 1234567, level, name, text, length);
}

/* The rule: TEXT of a whole line, as it must come out. */
static void expect(const char *line, size_t length, const struct log_entry *e)
{
	char text[4 * 16384 + 8];
	size_t used = 0;
	unsigned level = 6;
	if (length >= 3 && line[0] == '<' && line[2] == '>' && strchr("01234567", line[1]) &&
		line[1] != '\0') {
		level = (unsigned)(line[1] - '0');
		line += 3;
		length -= 3;
	}
	must(length > 0 && length < 16384);
	for (size_t i = 0; i < length; i++)
		used += (size_t)sprintf(text + used, line[i] >= ' ' && line[i] <= '~' ? "%c" : "\\x%02x",
			(unsigned char)line[i]);
	must(e->level == level && e->time_ms == 1234567);
	if (used <= LOG_TEXT_MAX) {
		must(e->text_bytes == used && memcmp(e->text, text, used) == 0);
		return;
	}
	must(e->text_bytes <= LOG_TEXT_MAX && e->text_bytes > LOG_TEXT_MAX - 4);
	must(memcmp(e->text, text, e->text_bytes - 3) == 0);
	must(memcmp(e->text + e->text_bytes - 3, "...", 3) == 0);
}

/* Takes what stands at *AT, which must be WORDS. */
static void skip(const char **at, const char *words)
{
	must(strncmp(*at, words, strlen(words)) == 0);
	*at += strlen(words);
}

static unsigned long long skip_number(const char **at, unsigned long long max)
{
	char *end;
	must(**at >= '0' && **at <= '9' && (**at != '0' || (*at)[1] < '0' || (*at)[1] > '9'));
	unsigned long long number = strtoull(*at, &end, 10);
	must(number <= max);
	*at = end;
	return number;
}

/* PRINTUSASCII of RFC 5424 6, 1 to MAX of them, and the blank behind. */
static size_t skip_word(const char **at, size_t max)
{
	size_t length = 0;
	while ((*at)[length] >= '!' && (*at)[length] <= '~')
		length++;
	must(length > 0 && length <= max && (*at)[length] == ' ');
	*at += length + 1;
	return length;
}

/* RFC 5424 6.2.3, in UTC, with milliseconds. */
static void skip_time(const char **at)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.dddZ ";
	int month, day, hour, minute, second;
	if (**at == '-') {
		skip(at, "- ");
		return;
	}
	for (size_t i = 0; i < sizeof(form) - 1; i++)
		must(form[i] == 'd' ? (*at)[i] >= '0' && (*at)[i] <= '9' : (*at)[i] == form[i]);
	must(sscanf(*at + 5, "%2d-%2dT%2d:%2d:%2d", &month, &day, &hour, &minute, &second) == 5);
	must(month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour <= 23 && minute <= 59 &&
		second <= 59);
	*at += sizeof(form) - 1;
}

static void check_message(const struct log_entry *e, uint64_t number, const struct message_origin *o)
{
	char bytes[MESSAGE_BYTES_MAX + 1];
	size_t length = message_write(bytes, e, number, o);
	must(length <= MESSAGE_BYTES_MAX);
	bytes[length] = '\0';
	must(strlen(bytes) == length && is_printable(bytes));
	const char *at = bytes;
	skip(&at, "<");
	unsigned long long priority = skip_number(&at, 191);
	bool kernel = e->name_bytes == 6 && memcmp(e->name, "kernel", 6) == 0;
	must(priority / 8 == (kernel ? 0 : 3) && priority % 8 == e->level);
	skip(&at, ">1 ");
	skip_time(&at);
	must(o->clock_known || bytes[6] == '-' || bytes[5] == '-');
	skip_word(&at, 255);
	must(memcmp(at, e->name, e->name_bytes) == 0 && skip_word(&at, 48) == e->name_bytes);
	skip(&at, "- - [timeQuality tzKnown=\"1\" isSynced=\"");
	must(skip_number(&at, 1) == (o->clock_known && o->clock_in_step));
	skip(&at, "\"][meta sequenceId=\"");
	must(skip_number(&at, 2147483647) == (number - 1) % 2147483647 + 1);
	skip(&at, "\" sysUpTime=\"");
	skip_number(&at, UINT32_MAX);
	skip(&at, "\"] ");
	must(strlen(at) == e->text_bytes && memcmp(at, e->text, e->text_bytes) == 0);
}

/* The ring's bytes as a file, each way through it. */
static void check_file(const char *bytes, size_t length)
{
	struct log_entry forth, back;
	size_t at = 0, lines = 0, from_end = length;
	static size_t begins[LOG_LINES_BYTES_MAX];
	if (!log_lines_valid(bytes, length))
		return;
	for (; begins[lines] = at, log_lines_next(bytes, length, &at, &forth); lines++) {
		must(forth.level <= 7 && forth.time_ms >= 0 && forth.name_bytes >= 1);
		must(forth.name_bytes <= LOG_NAME_MAX && forth.text_bytes <= LOG_TEXT_MAX);
		must(forth.text + forth.text_bytes + 1 == bytes + at);
	}
	must(at == length);
	while (lines-- > 0) {
		must(log_lines_previous(bytes, &from_end, &back) && from_end == begins[lines]);
		must(log_lines_next(bytes, length, &begins[lines], &forth));
		must(forth.text == back.text && forth.text_bytes == back.text_bytes &&
			forth.time_ms == back.time_ms);
	}
	must(from_end == 0 && !log_lines_previous(bytes, &from_end, &back));
}

static void feed(const char *bytes, size_t size, size_t piece, char *name)
{
	struct partial partial = {.used = 0};
	memset(&ring, 0, sizeof(ring));
	for (size_t at = 0; at < size; at += piece)
		partial_take(&partial, bytes + at, size - at < piece ? size - at : piece, take_line, name);
}

static void check_lines(const char *bytes, size_t size, const struct message_origin *o)
{
	char line[LOG_LINE_BYTES_MAX];
	struct log_entry e;
	struct ring_place at = ring.first;
	uint64_t skipped = 0;
	while (size > 0) {
		const char *end = memchr(bytes, '\n', size);
		if (end == NULL)
			break;
		size_t length = (size_t)(end - bytes);
		if (length > 0 && end[-1] == '\r')
			length--;
		bool level_only = length == 3 && bytes[0] == '<' && bytes[1] >= '0' && bytes[1] <= '7' &&
				  bytes[2] == '>';
		if (length > 0 && !level_only && skipped++ >= ring.first.lines) {
			must(ring_next(&ring, &at, &e, line));
			expect(bytes, length, &e);
			check_message(&e, at.lines, o);
		}
		size -= (size_t)(end + 1 - bytes);
		bytes = end + 1;
	}
	must(!ring_next(&ring, &at, &e, line) && skipped == ring.end.lines);
}

static const char *datagram;
static size_t datagram_bytes;

static void take_datagram_line(void *context, unsigned level, const char *text, size_t length)
{
	must(level <= 7 && length > 0 && length < LOG_TEXT_MAX + 64 && memchr(text, '\n', length) == NULL);
	const char *behind_tag = memmem(text, length, ": ", 2);
	size_t tag = behind_tag == NULL ? 0 : (size_t)(behind_tag + 2 - text);
	must(memmem(datagram, datagram_bytes, text, length) != NULL ||
		(tag > 0 && memmem(datagram, datagram_bytes, text + tag, length - tag) != NULL));
	take_line(context, level, text, length);
}

/* Each line is of the datagram, behind a tag of it, and is kept as the ring keeps lines. */
static void check_datagram(const char *bytes, size_t size)
{
	static char name[] = "service";
	struct log_entry e;
	char line[LOG_LINE_BYTES_MAX];
	memset(&ring, 0, sizeof(ring));
	datagram = bytes;
	datagram_bytes = size;
	datagram_take(bytes, size, take_datagram_line, name);
	struct ring_place at = ring.first;
	while (ring_next(&ring, &at, &e, line))
		must(e.name_bytes == sizeof(name) - 1);
	must(at.lines == ring.end.lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char file[LOG_LINES_BYTES_MAX];
	static char child[] = "relay", kernel[] = "kernel";
	const char *text;
	size_t text_bytes;
	unsigned level;
	int64_t time_ms, ahead_ms;
	char host[65];
	if (size > 16000)
		return 0;
	uint8_t options = take_byte(&data, &size);
	size_t piece = 1 + (size_t)take_byte(&data, &size) * 16;
	take_bytes(&data, &size, &ahead_ms, sizeof(ahead_ms));
	take_bytes(&data, &size, host, sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	/* A clock of some thousand years, before 1970 as well. */
	struct message_origin o = {.host_name = host,
		.clock_ahead_ms = ahead_ms % INT64_C(400000000000000),
		.clock_known = options & 1,
		.clock_in_step = options & 2};
	char *bytes = copy_of(data, size, false);
	feed(bytes, size, piece, options & 4 ? kernel : child);
	check_lines(bytes, size, &o);
	struct iovec pieces[2];
	ring_pieces(&ring, pieces);
	memcpy(file, pieces[0].iov_base, pieces[0].iov_len);
	memcpy(file + pieces[0].iov_len, pieces[1].iov_base, pieces[1].iov_len);
	must(log_lines_valid(file, pieces[0].iov_len + pieces[1].iov_len));
	check_file(file, pieces[0].iov_len + pieces[1].iov_len);
	check_file(bytes, size);
	check_datagram(bytes, size < DATAGRAM_BYTES_MAX ? size : DATAGRAM_BYTES_MAX);
	if (kmsg_parse(bytes, size, &level, &time_ms, &text, &text_bytes))
		must(level <= 7 && time_ms >= 0 && text >= bytes && text + text_bytes <= bytes + size);
	free(bytes);
	return 0;
}
