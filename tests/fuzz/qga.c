/* Whatever a host sends to the guest agent, each request gets one answer: one line of JSON, printable ASCII,
 * or nothing when init has taken a shutdown. What is JSON is decided once more here, and both must agree.
 *
 * An input is: the size of the pieces that the rest comes in, a byte; the length of a NIC's record, a byte;
 * the record; what the host sends. */
#include "agent/qga.h"
#include "common/control.h"
#include "fuzz.h"

static const char *nic;
static size_t nic_bytes;
static struct facts facts;
static struct qga qga = {.facts = &facts};
static char answer[QGA_ANSWER_MAX];
static bool init_was_asked;

/* The records, and init, as the linker puts them here. */
int __wrap_record_read(struct record_view *v, const char *writer, const char *name);
int __wrap_record_read(struct record_view *v, const char *writer, const char *name)
{
	(void)writer, (void)name;
	return record_parse(v, nic, nic_bytes);
}

size_t __wrap_record_list(const char *writer, char names[][RECORD_NAME_MAX], size_t max);
size_t __wrap_record_list(const char *writer, char names[][RECORD_NAME_MAX], size_t max)
{
	(void)writer, (void)max;
	strcpy(names[0], "eth0");
	strcpy(names[1], "e\"\\\x80\x1b");
	return 2;
}

int __wrap_control_request(const char *request, char to[static CONTROL_MESSAGE_MAX]);
int __wrap_control_request(const char *request, char to[static CONTROL_MESSAGE_MAX])
{
	must(strcmp(request, CONTROL_POWEROFF) == 0 || strcmp(request, CONTROL_REBOOT) == 0);
	init_was_asked = true;
	strcpy(to, "ok");
	return 0;
}

/* --- JSON by RFC 8259, its grammar written down; each takes what it can from *S, up to END. */

static bool take_value(const char **s, const char *end);

static void take_blanks(const char **s, const char *end)
{
	while (*s < end && (**s == ' ' || **s == '\t' || **s == '\r' || **s == '\n'))
		++*s;
}

static bool take(const char **s, const char *end, char c)
{
	bool there = *s < end && **s == c;
	*s += there;
	return there;
}

static bool take_digits(const char **s, const char *end)
{
	const char *begin = *s;
	while (*s < end && **s >= '0' && **s <= '9')
		++*s;
	return *s > begin;
}

static bool take_number(const char **s, const char *end)
{
	take(s, end, '-');
	if (!take(s, end, '0') && !take_digits(s, end))
		return false;
	if (take(s, end, '.') && !take_digits(s, end))
		return false;
	if (take(s, end, 'e') || take(s, end, 'E')) {
		if (!take(s, end, '+'))
			take(s, end, '-');
		return take_digits(s, end);
	}
	return true;
}

static bool take_string(const char **s, const char *end)
{
	if (!take(s, end, '"'))
		return false;
	while (*s < end && **s != '"') {
		if ((unsigned char)**s < 0x20)
			return false;
		if (*(*s)++ != '\\')
			continue;
		if (*s == end || **s == '\0' || strchr("\"\\/bfnrtu", **s) == NULL)
			return false;
		if (*(*s)++ == 'u')
			for (int i = 0; i < 4; i++)
				if (*s == end || hex_digit(*(*s)++) < 0)
					return false;
	}
	return take(s, end, '"');
}

/* Items up to CLOSE, members with a key when KEYS. */
static bool take_items(const char **s, const char *end, char close, bool keys)
{
	take_blanks(s, end);
	if (take(s, end, close))
		return true;
	do {
		take_blanks(s, end);
		if (keys && !take_string(s, end))
			return false;
		take_blanks(s, end);
		if ((keys && !take(s, end, ':')) || !take_value(s, end))
			return false;
	} while (take(s, end, ','));
	return take(s, end, close);
}

static bool skip_word(const char **s, const char *end, const char *word)
{
	size_t length = strlen(word);
	bool there = (size_t)(end - *s) >= length && memcmp(*s, word, length) == 0;
	*s += there ? length : 0;
	return there;
}

static bool take_value(const char **s, const char *end)
{
	bool good;
	take_blanks(s, end);
	if (take(s, end, '{'))
		good = take_items(s, end, '}', true);
	else if (take(s, end, '['))
		good = take_items(s, end, ']', false);
	else if (*s < end && **s == '"')
		good = take_string(s, end);
	else
		good = skip_word(s, end, "true") || skip_word(s, end, "false") || skip_word(s, end, "null") ||
		       take_number(s, end);
	take_blanks(s, end);
	return good;
}

static bool is_json(const char *s, size_t length)
{
	const char *end = s + length;
	return take_value(&s, end) && s == end;
}

/* --- */

static void check_answer(const struct qga_input *in, const struct text *t)
{
	const char *line = answer;
	size_t length = t->used;
	must(!t->overflow && length < sizeof(answer) && strlen(answer) == length);
	if (length == 0) {
		must(init_was_asked && !qga.refused);
		return;
	}
	if (*line == '\xff') {
		must(strcmp(qga.command, "guest-sync-delimited") == 0);
		line++;
		length--;
	}
	must(line[--length] == '\n');
	answer[t->used - 1] = '\0';
	must(is_printable(line) && is_json(line, length));
	must(strncmp(line, qga.refused ? "{\"error\":{" : "{\"return\":", 10) == 0);
	bool taken = strstr(line, "\"desc\":\"this is no JSON\"") == NULL;
	/* A number or a word by itself is JSON, and no request. */
	if (!in->too_long && strstr(line, "too many parts") == NULL && strchr("{[\"", in->bytes[0]) != NULL)
		must(taken == is_json(in->bytes, in->used));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct qga_input in;
	size_t piece = take_byte(&data, &size) + 1u;
	nic_bytes = take_byte(&data, &size);
	if (nic_bytes > size)
		nic_bytes = size;
	nic = (const char *)data;
	data += nic_bytes;
	size -= nic_bytes;
	memset(&in, 0, sizeof(in));
	while (size > 0) {
		struct text t = TEXT(answer);
		size_t taken = qga_take(&in, (const char *)data, size < piece ? size : piece);
		must(taken > 0 && taken <= size && in.used <= sizeof(in.bytes));
		data += taken;
		size -= taken;
		if (!in.whole)
			continue;
		init_was_asked = false;
		qga_answer(&qga, &in, &t);
		check_answer(&in, &t);
	}
	return 0;
}
