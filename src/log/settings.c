#include "settings.h"

#include "common/config.h"
#include "scratch.h"

void settings_read(struct wanted *w)
{
	char setting[CONFIG_VALUE_MAX];
	struct text t = TEXT(setting);
	const char *value = config_load_one(CONFIG_SYSLOG, &scratch.view);
	text_add(&t, "%s", value != NULL ? value : "");
	record_read(&scratch.view, "net", "resolver"); /* empty when there is none */
	wanted_read(w, setting, &scratch.view);
}
