/* Log lines to stderr, one write each. Under init each line starts with "<N>", N being the syslog
 * severity (RFC 5424, table 2), which src/log takes off again; on a terminal, with the program's name. */
#ifndef THIMBLE_LOG_H
#define THIMBLE_LOG_H

#include <stdnoreturn.h>

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARN = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

/* To be called first in each program: NAME is kept, not copied. From here on no process of the same user
 * can trace it or what it forks, or read its memory and files. */
void log_open(const char *name);

/* Without it a line waits up to 200 ms for room in a pipe that does not block (init's children have such);
 * then it is dropped, and so are the next until one gets through, which says how many were lost. With it none
 * waits. */
void log_never_wait(void);

/* Lines longer than 512 bytes are cut and end in "...". Bytes that are not printable are escaped. */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_info(...)  log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warnx(...) log_line(LOG_LEVEL_WARN, __VA_ARGS__)

/* As log_warnx, with ": strerror(errno)" at the end. errno is kept. */
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Logs with errno (when not 0) and ends the program with status 111: the system's fault, as opposed to
 * 100, the user's. Not for PID 1. */
noreturn void fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define EXIT_USAGE  100
#define EXIT_SYSTEM 111

#endif
