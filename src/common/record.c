#include "common/record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"
#include "common/log_lines.h"

enum { PATH_BYTES_MAX = 256, VALUE_BYTES_MAX = 4096 };

const char *run_dir(void)
{
	const char *dir = getenv("THIMBLE_RUN");
	return dir != NULL && dir[0] != '\0' ? dir : "/run/thimble";
}

/* run_dir()/WRITER[/NAME][SUFFIX] */
static int make_path(
	char path[static PATH_BYTES_MAX], const char *writer, const char *name, const char *suffix)
{
	struct text t = {.data = path, .size = PATH_BYTES_MAX};
	text_clear(&t);
	text_add(&t, "%s/%s", run_dir(), writer);
	if (name != NULL)
		text_add(&t, "/%s%s", name, suffix);
	if (t.overflow || (name != NULL && (strchr(name, '/') != NULL || strlen(name) >= RECORD_NAME_MAX))) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

int record_make_folder(const char *writer)
{
	char path[PATH_BYTES_MAX];
	if (make_path(path, writer, NULL, "") < 0)
		return -1;
	return mkdir(path, 0755) < 0 && errno != EEXIST ? -1 : 0;
}

void record_begin(struct record *r)
{
	r->text = (struct text)TEXT(r->data);
	text_clear(&r->text);
}

/* NUMBER: of an item, 0 for none. */
static void add_pair(
	struct record *r, const char *key, unsigned number, const char *format, va_list arguments)
{
	char value[VALUE_BYTES_MAX];
	int length = vsnprintf(value, sizeof(value), format, arguments);

	/* A line goes in whole or not at all, and one that does not fit leaves the mark for record_commit. */
	struct text line = r->text;
	line.overflow = false;
	text_add(&line, number > 0 ? "%s.%u=" : "%s=", key, number);
	if (length >= 0 && (size_t)length < sizeof(value))
		text_add_escaped(&line, value, (size_t)length);
	else
		line.overflow = true;
	text_add(&line, "\n");
	if (line.overflow) {
		r->text.overflow = true;
		r->data[r->text.used] = '\0';
		return;
	}
	r->text.used = line.used;
}

void record_add(struct record *r, const char *key, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	add_pair(r, key, 0, format, arguments);
	va_end(arguments);
}

void record_add_item(struct record *r, const char *key, unsigned number, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	add_pair(r, key, number, format, arguments);
	va_end(arguments);
}

static int write_whole(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, bytes, length);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -1;
		bytes += written;
		length -= (size_t)written;
	}
	return 0;
}

int record_write_file(const char *writer, const char *name, const struct iovec *pieces, size_t count)
{
	char path[PATH_BYTES_MAX], path_new[PATH_BYTES_MAX];
	if (make_path(path, writer, name, "") < 0 || make_path(path_new, writer, name, ".new") < 0)
		return -1;
	int fd = open(path_new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -1;
	int result = 0;
	for (size_t i = 0; i < count && result == 0; i++)
		result = write_whole(fd, pieces[i].iov_base, pieces[i].iov_len);
	int error = errno;
	close(fd);
	errno = error;
	if (result < 0 || rename(path_new, path) < 0) {
		error = errno;
		unlink(path_new);
		errno = error;
		return -1;
	}
	return 0;
}

int record_commit(struct record *r, const char *writer, const char *name)
{
	const struct iovec whole = {.iov_base = r->data, .iov_len = r->text.used};
	if (record_write_file(writer, name, &whole, 1) < 0)
		return -1;
	if (r->text.overflow) {
		log_warnx("record %s/%s: too long, some lines were left out", writer, name);
		errno = EFBIG;
		return -1;
	}
	return 0;
}

int record_remove(const char *writer, const char *name)
{
	char path[PATH_BYTES_MAX];
	if (make_path(path, writer, name, "") < 0)
		return -1;
	return unlink(path) < 0 && errno != ENOENT ? -1 : 0;
}

/* Checks that every line is KEY=VALUE and ends in a newline, then turns '=' and newline into NUL. */
static int split_lines(struct record_view *v)
{
	char *at = v->data, *end = v->data + v->bytes;
	if (memchr(v->data, '\0', v->bytes) != NULL)
		goto torn;
	while (at < end) {
		char *line_end = memchr(at, '\n', (size_t)(end - at));
		char *equals = line_end == NULL ? NULL : memchr(at, '=', (size_t)(line_end - at));
		if (equals == NULL || equals == at)
			goto torn;
		*equals = '\0';
		*line_end = '\0';
		at = line_end + 1;
	}
	return 0;
torn:
	v->bytes = 0;
	errno = EBADMSG;
	return -1;
}

int record_parse(struct record_view *v, const char *bytes, size_t length)
{
	v->bytes = 0;
	if (length > RECORD_BYTES_MAX) {
		errno = EFBIG;
		return -1;
	}
	memcpy(v->data, bytes, length);
	v->data[length] = '\0';
	v->bytes = length;
	return split_lines(v);
}

int record_open(const char *writer, const char *name)
{
	char path[PATH_BYTES_MAX];
	if (make_path(path, writer, name, "") < 0)
		return -1;
	/* Not through a link: its writer could lead a reader with more rights to a device. */
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
}

int record_read(struct record_view *v, const char *writer, const char *name)
{
	v->bytes = 0;
	ssize_t length = file_read_fd(record_open(writer, name), v->data, sizeof(v->data));
	if (length < 0)
		return -1;
	if (length > RECORD_BYTES_MAX) {
		errno = EFBIG;
		return -1;
	}
	v->bytes = (size_t)length;
	return split_lines(v);
}

bool record_next(const struct record_view *v, size_t *at, const char **key, const char **value)
{
	if (*at >= v->bytes)
		return false;
	*key = v->data + *at;
	*value = *key + strlen(*key) + 1;
	*at = (size_t)(*value - v->data) + strlen(*value) + 1;
	return true;
}

const char *record_get(const struct record_view *v, const char *key)
{
	const char *k, *value;
	for (size_t at = 0; record_next(v, &at, &k, &value);)
		if (strcmp(k, key) == 0)
			return value;
	return NULL;
}

const char *record_get_item(const struct record_view *v, const char *key, unsigned index)
{
	char name[RECORD_NAME_MAX];
	int length = snprintf(name, sizeof(name), "%s.%u", key, index);
	return length > 0 && (size_t)length < sizeof(name) ? record_get(v, name) : NULL;
}

long long record_get_number(const struct record_view *v, const char *key, long long fallback)
{
	const char *value = record_get(v, key);
	uint64_t number;
	return value != NULL && parse_number(value, 0, INT64_MAX, &number) ? (long long)number : fallback;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* What is being written, and what lies among records: net's resolv.conf, the log's lines. */
static bool is_no_record(const char *writer, const char *name, size_t length)
{
	if (strcmp(name, LOG_LINES_NAME) == 0 && strcmp(writer, "log") == 0)
		return true;
	return name[0] == '.' || (length >= 4 && strcmp(name + length - 4, ".new") == 0) ||
	       (length >= 5 && strcmp(name + length - 5, ".conf") == 0);
}

size_t record_list(const char *writer, char names[][RECORD_NAME_MAX], size_t max)
{
	char path[PATH_BYTES_MAX];
	size_t count = 0;
	DIR *dir = make_path(path, writer, NULL, "") < 0 ? NULL : opendir(path);
	if (dir == NULL) {
		file_note_error(errno);
		return 0;
	}
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		size_t length = strlen(entry->d_name);
		if (is_no_record(writer, entry->d_name, length) || length >= RECORD_NAME_MAX)
			continue;
		if (count < max)
			memcpy(names[count], entry->d_name, length + 1);
		count++;
	}
	closedir(dir);
	qsort(names, count < max ? count : max, RECORD_NAME_MAX, compare_names);
	return count;
}
