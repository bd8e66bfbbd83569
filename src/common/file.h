/* Small files, read whole. */
#ifndef THIMBLE_FILE_H
#define THIMBLE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Reads the file at PATH into BUFFER, at most SIZE - 1 bytes, and puts a NUL behind them; what is longer is
 * cut. Its length, or -1 with errno and an empty BUFFER. */
ssize_t file_read(const char *path, char *buffer, size_t size);

/* The same of an open file, which is closed. -1 is passed on, with errno: FD may be what open() returned. */
ssize_t file_read_fd(int fd, char *buffer, size_t size);

/* Whether ERROR of a file that is there may pass: no descriptor or memory was left, or its device failed. */
bool file_error_passes(int error);

/* For what reads files by its own calls: ERROR kept it from reading one. */
void file_note_error(int error);

/* The first error, since the last call, that may pass and kept a file from being read; 0: none. */
int file_take_error(void);

#endif
