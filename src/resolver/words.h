/* What went wrong, for people. */
#ifndef RESOLVER_WORDS_H
#define RESOLVER_WORDS_H

#include "common/text.h"
#include "packet.h"

/* Appends what STATUS means for NAME, which is one of those of Q. Nothing for ANSWER_OK. */
void words_for(struct text *t, enum answer_status status, const char *name, const struct question *q);

/* Appends that none of the targets in P has an address; UNKNOWN: the servers failed. */
void words_for_hosts(struct text *t, const struct packet *p, bool unknown);

#endif
