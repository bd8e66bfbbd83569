/* /healthz, one line, and /log. */
#include <string.h>

#include "console/verdict.h"
#include "log_text.h"
#include "views.h"

void health_write(struct answer *a, const struct facts *f, int64_t now_ms)
{
	struct verdict v;
	verdict_of(&v, &f->screen, now_ms);
	answer_begin(a, v.ready ? 200 : 503, "text/plain; charset=utf-8");
	text_add_escaped(&a->body, v.ready ? "ok" : v.text, strlen(v.ready ? "ok" : v.text));
	text_add(&a->body, "\n");
}

void log_write(struct answer *a, const struct facts *f, int64_t now_ms)
{
	(void)now_ms;
	log_text_write(a, f->boot_unix_ms);
}
