#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int noted_error;

bool file_error_passes(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM || error == EIO || error == ENOBUFS;
}

void file_note_error(int error)
{
	if (noted_error == 0 && file_error_passes(error))
		noted_error = error;
}

int file_take_error(void)
{
	int error = noted_error;
	noted_error = 0;
	return error;
}

ssize_t file_read_fd(int fd, char *buffer, size_t size)
{
	size_t used = 0;
	ssize_t got = fd < 0 ? -1 : 1;
	while (fd >= 0 && got != 0 && used < size - 1) {
		got = read(fd, buffer + used, size - 1 - used);
		if (got < 0 && errno != EINTR)
			break;
		used += got > 0 ? (size_t)got : 0;
	}
	int error = errno;
	if (fd >= 0)
		close(fd);
	errno = error;
	if (got < 0)
		file_note_error(error);
	buffer[got < 0 ? 0 : used] = '\0';
	return got < 0 ? -1 : (ssize_t)used;
}

ssize_t file_read(const char *path, char *buffer, size_t size)
{
	return file_read_fd(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), buffer, size);
}
