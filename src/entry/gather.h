/* The settings of a container, from all sources; a later source overrides an earlier one. */
#ifndef THIMBLE_ENTRY_GATHER_H
#define THIMBLE_ENTRY_GATHER_H

#include "common/config.h"

enum { VARIABLE_NAME_MAX = 64 };

/* The environment variable of a setting: THIMBLE_RELAY_MAX_CONNECTIONS for relay.max-connections. */
void variable_name(char name[static VARIABLE_NAME_MAX], enum config_key key);

/* Takes the THIMBLE_* variables of ENVIRONMENT ("NAME=value", NULL-terminated). One that is no setting is
 * logged and ignored: Kubernetes makes some for a Service called thimble. REPORT is called with each refused
 * one. */
void gather_environment(struct config *c, char *const *environment, config_report *report);

/* Takes each of ARGUMENTS (NULL-terminated), "key=value". */
void gather_arguments(struct config *c, char *const *arguments, config_report *report);

/* Reads the appliance's own settings, those baked in, /etc/thimble.conf, the environment and ARGUMENTS. False
 * when something was refused; all of it has been logged. */
bool gather_settings(struct config *c, char *const *arguments);

#endif
