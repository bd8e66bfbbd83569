/* Small files, read whole. */
#ifndef THIMBLE_FILE_H
#define THIMBLE_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* Reads the file at PATH into BUFFER, at most SIZE - 1 bytes, and puts a NUL behind them; what is longer is
 * cut. Its length, or -1 with errno and an empty BUFFER. */
ssize_t file_read(const char *path, char *buffer, size_t size);

/* The same of an open file, which is closed. -1 is passed on, with errno: FD may be what open() returned. */
ssize_t file_read_fd(int fd, char *buffer, size_t size);

#endif
