#include "common/log_lines.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/record.h"
#include "common/text.h"

/* The word at *AT; moves *AT past the space that ends it. */
static bool take_field(const char **at, const char *end, const char **word, size_t *length)
{
	const char *blank = memchr(*at, ' ', (size_t)(end - *at));
	if (blank == NULL)
		return false;
	*word = *at;
	*length = (size_t)(blank - *at);
	*at = blank + 1;
	return true;
}

static bool parse_line(struct log_entry *e, const char *at, const char *end)
{
	const char *time, *level;
	size_t time_bytes, level_bytes;
	uint64_t time_ms, level_number;
	for (const char *c = at; c < end; c++)
		if (*c < 0x20 || *c > 0x7e)
			return false;
	if (!take_field(&at, end, &time, &time_bytes) || !take_field(&at, end, &level, &level_bytes) ||
		!take_field(&at, end, &e->name, &e->name_bytes))
		return false;
	e->text = at;
	e->text_bytes = (size_t)(end - at);
	if (!parse_number_n(time, time_bytes, 0, INT64_MAX, &time_ms) || level_bytes != 1 ||
		!parse_number_n(level, level_bytes, 0, 7, &level_number))
		return false;
	e->time_ms = (int64_t)time_ms;
	e->level = (unsigned)level_number;
	return e->name_bytes > 0 && e->name_bytes <= LOG_NAME_MAX && e->text_bytes <= LOG_TEXT_MAX;
}

bool log_lines_next(const char *bytes, size_t length, size_t *at, struct log_entry *e)
{
	if (*at >= length)
		return false;
	const char *end = memchr(bytes + *at, '\n', length - *at);
	if (end == NULL || !parse_line(e, bytes + *at, end))
		return false;
	*at = (size_t)(end - bytes) + 1;
	return true;
}

bool log_lines_previous(const char *bytes, size_t *at, struct log_entry *e)
{
	if (*at == 0 || bytes[*at - 1] != '\n')
		return false;
	const char *before = memrchr(bytes, '\n', *at - 1);
	size_t begin = before == NULL ? 0 : (size_t)(before - bytes) + 1;
	if (!parse_line(e, bytes + begin, bytes + *at - 1))
		return false;
	*at = begin;
	return true;
}

bool log_lines_valid(const char *bytes, size_t length)
{
	struct log_entry e;
	size_t at = 0;
	while (log_lines_next(bytes, length, &at, &e))
		;
	return at == length;
}

static ssize_t read_from(int fd, char *bytes, size_t size, off_t offset)
{
	size_t used = 0;
	while (used < size) {
		ssize_t got = pread(fd, bytes + used, size - used, offset + (off_t)used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		used += (size_t)got;
	}
	return (ssize_t)used;
}

ssize_t log_lines_read(char *bytes, size_t size)
{
	struct stat info;
	ssize_t length = -1;
	int fd = record_open("log", LOG_LINES_NAME);
	if (fd < 0) {
		file_note_error(errno);
		return -1;
	}
	int error = EFBIG;
	if (fstat(fd, &info) == 0 && info.st_size <= LOG_LINES_BYTES_MAX) {
		off_t offset = info.st_size > (off_t)size ? info.st_size - (off_t)size : 0;
		length = read_from(fd, bytes, size, offset);
		error = errno;
		if (length < 0)
			file_note_error(error);
		/* The first line may have lost its head. */
		if (length > 0 && offset > 0) {
			const char *end = memchr(bytes, '\n', (size_t)length);
			length -= end == NULL ? length : end + 1 - bytes;
			if (length > 0)
				memmove(bytes, end + 1, (size_t)length);
		}
	}
	close(fd);
	if (length >= 0 && !log_lines_valid(bytes, (size_t)length)) {
		length = -1;
		error = EBADMSG;
	}
	errno = error;
	return length;
}
