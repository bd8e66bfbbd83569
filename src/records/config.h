/* The record init/config. */
#ifndef RECORDS_CONFIG_H
#define RECORDS_CONFIG_H

#include "fields.h"

struct config_record {
	enum record_status status;
	struct record_view view;
};

#endif
