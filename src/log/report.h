/* What the log tells: the file log/lines and the record log/tail. */
#ifndef THIMBLE_LOG_REPORT_H
#define THIMBLE_LOG_REPORT_H

#include "ring.h"

void report_lines(const struct ring *r);

#endif
