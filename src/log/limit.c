#include "limit.h"

enum { LINE_MS = 1000 / LIMIT_PER_SECOND };

bool limit_take(struct limit *l, int64_t now_ms)
{
	int64_t full_at_ms = (l->full_at_ms > now_ms ? l->full_at_ms : now_ms) + LINE_MS;
	if (full_at_ms - now_ms > LIMIT_BURST * LINE_MS) {
		l->left_out++;
		l->untold++;
		return false;
	}
	l->full_at_ms = full_at_ms;
	return true;
}
