/* Asks the name servers: what a worker does. It blocks, in the C library's resolver. */
#ifndef RESOLVER_LOOKUP_H
#define RESOLVER_LOOKUP_H

#include "packet.h"

/* Answers Q into P. P is whole at any time: a signal handler may send it and end the process, and then what
 * is not known yet is marked as such. HALF_DONE is called when all hosts were asked for in IPv4, and some
 * have addresses: IPv6 comes then. */
void lookup(struct packet *p, const struct question *q, void (*half_done)(void));

#endif
