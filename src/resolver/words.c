#include "words.h"

void words_for(struct text *t, enum answer_status status, const char *name, const struct question *q)
{
	text_clear(t);
	switch (status) {
	case ANSWER_NO_NAME:
		text_add(t, "NXDOMAIN: no such name %s", name);
		break;
	case ANSWER_NO_DATA:
		text_add(t, q->service ? "no SRV record at %s" : "%s has no address", name);
		break;
	case ANSWER_NO_SERVICE:
		text_add(t, "%s: this domain has no such service", name);
		break;
	case ANSWER_ALL_REFUSED:
		text_add(t,
			q->service ? "%s: no record that can be used"
				   : "%s: no address that can be used (loopback, link-local and the like "
				     "cannot)",
			name);
		break;
	case ANSWER_SILENT:
		text_add(t, "no answer from the name servers");
		break;
	case ANSWER_SERVFAIL:
		text_add(t, "SERVFAIL: the name servers could not find out about %s", name);
		break;
	case ANSWER_REFUSED:
		text_add(t, "REFUSED: the name servers do not answer for %s", name);
		break;
	case ANSWER_ERROR:
		text_add(t, "the name servers answer with an error for %s", name);
		break;
	case ANSWER_TRUNCATED:
		text_add(t, "the answer for %s was cut, and none came by TCP", name);
		break;
	case ANSWER_MALFORMED:
		text_add(t, "the answer for %s makes no sense", name);
		break;
	case ANSWER_OK:
	case ANSWER_STATUS_COUNT:
		break;
	}
	if (status != ANSWER_OK && answer_is_final(status) && q->name_count > 1)
		text_add(t, "; nothing by %u more name%s", q->name_count - 1, q->name_count > 2 ? "s" : "");
}

void words_for_hosts(struct text *t, const struct packet *p, bool unknown)
{
	const char *host = p->target[0].host;
	text_clear(t);
	if (unknown)
		text_add(t, "no answer from the name servers for the address of %s", host);
	else
		text_add(
			t, p->refused > 0 ? "no address that can be used for %s" : "no address for %s", host);
	if (p->count > 1)
		text_add(t, " and %u more", (unsigned)p->count - 1);
}
