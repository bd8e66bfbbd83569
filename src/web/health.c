/* /healthz: one line. */
#include <string.h>

#include "status/verdict.h"
#include "views.h"

void health_write(struct answer *a, const struct facts *f, int64_t now_ms)
{
	struct verdict v;
	verdict_of(&v, &f->status, now_ms);
	answer_begin(a, v.ready ? 200 : 503, "text/plain; charset=utf-8");
	text_add_escaped(&a->body, v.ready ? "ok" : v.text, strlen(v.ready ? "ok" : v.text));
	text_add(&a->body, "\n");
}
