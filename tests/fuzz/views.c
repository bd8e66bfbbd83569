/* Whatever stands in records, the page nests and has no tag from outside, JSON is JSON, metrics are metrics.
 */
#include "web/views.h"

#include "status/load.h"
#include "forms.h"
#include "fuzz.h"

/* Records in the order of fill(), parted by NUL, and the log's lines. */
static struct record_view view;

static enum record_status next_record(const uint8_t **data, size_t *size)
{
	const uint8_t *end = *size > 0 ? memchr(*data, 0, *size) : NULL;
	size_t length = end != NULL ? (size_t)(end - *data) : *size;
	enum record_status status = length == 0 ? RECORD_MISSING : RECORD_READ;
	if (record_parse(&view, (const char *)*data, length) < 0)
		status = RECORD_UNREADABLE;
	*data += length + (end != NULL);
	*size -= length + (end != NULL);
	return status;
}

static void fill(struct status *s, const uint8_t *data, size_t size)
{
	system_record_read(&s->system, &view, next_record(&data, &size));
	enum record_status status = next_record(&data, &size);
	child_record_read(&s->service, "service", &view, status);
	ports_record_read(&s->ports, &view, status);
	child_record_read(&s->children[0], "net", &view, next_record(&data, &size));
	s->child_count = 1;
	relay_record_read(&s->relay, &view, next_record(&data, &size));
	nic_record_read(&s->nics[0], "eth0", &view, next_record(&data, &size));
	s->nic_count = 1;
	resolver_record_read(&s->resolver, &view, next_record(&data, &size));
	link_record_read(&s->link, &view, next_record(&data, &size));
	collector_record_read(&s->collector, &view, next_record(&data, &size));
	agent_record_read(&s->agent, &view, next_record(&data, &size));
	bool lines = size <= sizeof(s->log.lines) && log_lines_valid((const char *)data, size);
	memcpy(s->log.lines, data, lines ? size : 0);
	log_record_read(&s->log, size, -1, lines ? RECORD_READ : RECORD_UNREADABLE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct facts facts;
	static struct answer answer;
	int64_t now_ms = 1000000;
	memset(&facts, 0, sizeof(facts));
	facts.boot_unix_ms = size > 0 && data[0] % 2 ? 1795342800000 : -1;
	fill(&facts.status, data, size);

	page_write(&answer, &facts, now_ms);
	must(!answer.body.overflow && page_well_formed(answer.data));
	status_write(&answer, &facts, now_ms);
	must(answer.body.overflow || json_well_formed(answer.data));
	metrics_write(&answer, &facts, now_ms);
	must(answer.body.overflow || metrics_well_formed(answer.data));
	health_write(&answer, &facts, now_ms);
	must(answer.body.used > 0 && strchr(answer.data, '\n') == answer.data + answer.body.used - 1);
	return 0;
}
