/* Whether the log still reads what the others write. */
#ifndef THIMBLE_INIT_LOG_WATCH_H
#define THIMBLE_INIT_LOG_WATCH_H

struct children;

enum { LOG_PATIENCE_LOOKS = 10 };

/* To be called once a second. Starts the log anew when it has read nothing LOG_PATIENCE_LOOKS times, although
 * something waits for it: each program would stop at its 64th KB. */
void log_watch(struct children *c);

#endif
