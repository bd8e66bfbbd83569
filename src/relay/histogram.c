#include "histogram.h"

static uint64_t bound_after(uint64_t bound)
{
	/* By the first digit: 1 and 5 double, 2 becomes 5. */
	uint64_t digit = bound;
	while (digit >= 10)
		digit /= 10;
	return digit == 2 ? bound / 2 * 5 : bound * 2;
}

void histogram_add(struct histogram *h, uint64_t value)
{
	unsigned bucket = 0;
	for (uint64_t bound = 1; value > bound && bucket + 1 < HISTOGRAM_BUCKETS; bucket++)
		bound = bound_after(bound);
	h->count[bucket]++;
}

uint64_t histogram_percentile(const struct histogram *h, unsigned percent)
{
	uint64_t total = 0, seen = 0, bound = 1;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		total += h->count[i];
	if (total == 0)
		return 0;
	uint64_t wanted = total / 100 * percent + (total % 100 * percent + 99) / 100;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++, bound = bound_after(bound)) {
		seen += h->count[i];
		if (seen >= wanted)
			break;
	}
	return bound;
}
