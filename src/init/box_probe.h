/* A health check of the box's own, by TCP or HTTP: what one process does. */
#ifndef THIMBLE_INIT_BOX_PROBE_H
#define THIMBLE_INIT_BOX_PROBE_H

#include "box_description.h"

/* Connects to H->port at 127.0.0.1, then at ::1, and asks for H->path when H is of HTTP. 0: somebody
 * answered, by HTTP with a status from 200 to 399. Else 1, and why on standard output. Waits without end: its
 * caller kills it. */
int box_probe(const struct box_health *h);

/* The status of an answer's first line, "HTTP/1.1 200 OK"; 0 when it is none. */
unsigned box_probe_status(const char *line);

#endif
