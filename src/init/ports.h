/* Whether somebody listens on the ports that the appliance declares for its service. */
#ifndef THIMBLE_INIT_PORTS_H
#define THIMBLE_INIT_PORTS_H

#include <stdbool.h>
#include <stdint.h>

enum { PORT_PATIENCE_MS = 30000, PORT_PAUSE_MS = 5000 };

struct children;
struct child;

/* One row of /proc/net/{tcp,tcp6,udp,udp6}. */
struct port_row {
	unsigned port, state; /* TCP_LISTEN, TCP_CLOSE, ... of the kernel's net/tcp_states.h */
	bool loopback;
};

/* Takes LINE, NUL-terminated. False when it is no row, as the table's head. */
bool port_row_parse(struct port_row *row, const char *line);

/* To be called once a second. Looks at the kernel's tables while SERVICE runs, each time until all ports are
 * listened to, then every PORT_PAUSE_MS: at the end of those that listen the kernel goes through its whole
 * table of connections, which has a place for each 128 KiB of memory. A change is logged. True: there is one,
 * and the service's record is to be written. SERVICE may be NULL. */
bool ports_look(struct children *c, const struct child *service);

#endif
