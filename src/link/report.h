/* The record link/state: what of the settings is not in force, and why. */
#ifndef THIMBLE_LINK_REPORT_H
#define THIMBLE_LINK_REPORT_H

#include <stdint.h>

/* Begins a new record. */
void report_begin(void);

/* NAME, a NIC's or its MAC, has not appeared. */
void report_waiting(const char *name);

/* What is wrong, in words. */
void report_problem(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The MTU that the NIC IFINDEX had before link changed it: for link itself, after a restart. */
void report_mtu_before(int ifindex, uint32_t mtu);

/* Writes the record when it differs from what was written before, and logs what is new in it. */
void report_commit(void);

/* What an earlier link process reported by report_mtu_before; 0 for nothing. */
uint32_t report_former_mtu(int ifindex);

#endif
