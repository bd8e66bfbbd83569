/* The record resolver/upstreams. */
#ifndef RECORDS_UPSTREAMS_H
#define RECORDS_UPSTREAMS_H

#include "fields.h"

/* clang-format off */
#define UPSTREAMS_KEYS(TEXT, NUMBER, KEY) \
	KEY("setting", "the value of `relay.upstream` that this was made from") \
	KEY("source.N", \
		"`STATE [WORDS]`, N the item's number in the setting, from 1; only for names " \
		"and services. STATE `waiting` (no answer yet), `ok`, `stale` (the servers " \
		"fail, the last answer stays in force), `failed` (no target). WORDS: the last " \
		"error; when `ok`, of a service without a domain, the full name that was asked " \
		"for") \
	KEY("asked.N", \
		"services with targets only: the full name that they were found by, in each " \
		"state") \
	KEY("target.M", \
		"`N PRIORITY WEIGHT PORT HOST EXPIRES_MS ADDRESS[,ADDRESS...]`, M from 1, in " \
		"order of N and PRIORITY; of a name, PRIORITY and WEIGHT are 0; EXPIRES_MS a " \
		"time in ms; at most 8 addresses, families taking turns, IPv6 first; `-` when " \
		"the host has none") \
	KEY("left_out", \
		"targets and addresses that did not fit (32 targets in all, 8 addresses each), " \
		"0 when none")
/* clang-format on */

#endif
