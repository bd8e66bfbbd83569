/* How values are spread, in fixed buckets: 1, 2, 5, 10, 20, 50, ... */
#ifndef RELAY_HISTOGRAM_H
#define RELAY_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 28 }; /* up to 1,000,000,000; larger values count as that */

struct histogram {
	uint64_t count[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *h, uint64_t value);

/* The upper bound of the bucket that holds the value below which PERCENT of all are; 0 when there are none.
 */
uint64_t histogram_percentile(const struct histogram *h, unsigned percent);

#endif
