#include "settings.h"

#include "common/config.h"
#include "scratch.h"

void settings_read(struct wanted *w)
{
	char setting[CONFIG_VALUE_MAX];
	struct text t = TEXT(setting);
	/* Not config_load(): the table of all settings would be in this program, for one that is checked
	 * anyway. */
	record_read(&scratch.view, "init", "config");
	const char *value = record_get(&scratch.view, "syslog");
	text_add(&t, "%s", value != NULL ? value : "");
	record_read(&scratch.view, "net", "resolver"); /* empty when there is none */
	wanted_read(w, setting, &scratch.view);
}
