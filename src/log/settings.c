#include "settings.h"

#include <errno.h>

#include "common/config.h"
#include "common/file.h"
#include "scratch.h"

bool settings_read(struct wanted *w)
{
	char setting[CONFIG_VALUE_MAX];
	struct text t = TEXT(setting);
	const char *value = config_load_one(CONFIG_SYSLOG, &scratch.view);
	if (value == NULL && errno != 0)
		return false;
	text_add(&t, "%s", value != NULL ? value : "");
	/* Empty when there is none. */
	if (record_read(&scratch.view, "net", "resolver") < 0 && file_error_passes(errno))
		return false;
	wanted_read(w, setting, &scratch.view);
	return true;
}
