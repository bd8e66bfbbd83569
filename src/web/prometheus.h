/* Prometheus' text format, version 0.0.4, into a bounded text. */
#ifndef WEB_PROMETHEUS_H
#define WEB_PROMETHEUS_H

#include <stdint.h>

#include "common/text.h"

enum metric_type { METRIC_GAUGE, METRIC_COUNTER };

/* Begins the metric thimble_NAME; all its samples follow. HELP is plain text. */
void metric_begin(struct text *t, const char *name, enum metric_type type, const char *help);

/* One sample in thousandths, millionths or whole units: VALUE / SCALE, SCALE 1, 1000 or 1000000. LABELS is a
 * list of names and values, ended by NULL; bytes of a value that are no printable ASCII become '?'. */
void metric_sample(struct text *t, const char *name, int64_t value, int64_t scale, const char *const *labels);

/* A metric with one sample without labels, a whole number; nothing when VALUE is below 0. */
void metric_number(struct text *t, const char *name, enum metric_type type, const char *help, int64_t value);

#endif
