#include "answer.h"

void answer_begin(struct answer *a, unsigned status, const char *type)
{
	a->status = status;
	a->type = type;
	a->policy = NULL;
	a->body = (struct text)TEXT(a->data);
	text_clear(&a->body);
}
