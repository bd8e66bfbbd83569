# `make help`, and the table of settings.
# needs: mk/help.txt; src/common/config_keys.h and the host's gcc
# makes: the table in docs/configuration.md

.PHONY: help help-config docs
help:
	@cat mk/help.txt

help-config: $(BUILD)/tools/config-help
	@$<

$(BUILD)/tools/config-help: tools/config-help.c $(wildcard src/common/*.[ch])
	$(Q)mkdir -p $(@D)
	$(Q)$(HOST_GCC) -O1 $(PROGRAM_CFLAGS) -DTHIMBLE_CONFIG_HELP -o $@ $(filter %.c,$^)

# What stands between the two lines that begin with "<!-- settings".
docs: $(BUILD)/tools/config-help
	$(Q)$< --markdown > $<.md
	$(Q)sed -i -e '/^<!-- settings: begin/,/^<!-- settings: end/{//!d}' -e '/^<!-- settings: begin/r $<.md' docs/configuration.md
