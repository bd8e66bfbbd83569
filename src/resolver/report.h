/* The record resolver/upstreams. */
#ifndef RESOLVER_REPORT_H
#define RESOLVER_REPORT_H

#include "common/record.h"
#include "source.h"

/* The record for ALL, made of the value SETTING of relay.upstream. */
void report_make(struct record *r, const struct sources *all, const char *setting);

/* Whether the record that is there was made from SETTING: by a process before this one. */
bool report_is_for(const char *setting);

/* Writes it. 0, or -1 with errno. */
int report_write(const struct sources *all, const char *setting);

#endif
