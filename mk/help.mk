# `make help`, and the tables that are made of the code.
# needs: mk/help.txt and the host's gcc; src/common/config_keys.h, src/records/*.h, src/web/metric_list.h,
#        src/web/status.schema.in, src/init/programs.def, formats/*/format.mk
# makes: the tables in docs/configuration.md, records.md, monitoring.md, init.md, security.md, house.md and images.md;
#        docs/status.schema.json

.PHONY: help help-config help-formats docs
help:
	@sed 's|@FORMATS@|$(IMAGE_FORMATS)|' mk/help.txt

help-config: $(BUILD)/tools/config-help
	@$<

$(BUILD)/tools/config-help: tools/config-help.c $(wildcard src/common/*.[ch])
	$(Q)mkdir -p $(@D)
	$(Q)$(HOST_GCC) -O1 $(PROGRAM_CFLAGS) -DTHIMBLE_CONFIG_HELP -o $@ $(filter %.c,$^)

$(BUILD)/tools/records-help: tools/records-help.c $(wildcard src/records/*.h) src/web/metric_list.h
	$(Q)mkdir -p $(@D)
	$(Q)$(HOST_GCC) -O1 $(PROGRAM_CFLAGS) -o $@ $(filter %.c,$^)

$(BUILD)/tools/programs-help: tools/programs-help.c $(call host_archives,init)
	$(Q)mkdir -p $(@D)
	$(Q)echo '#include <linux/capability.h>' | $(HOST_GCC) -E -dM - | grep -v CAP_LAST_CAP | \
		sed -n 's/^#define CAP_\([A-Z_]*\) \([0-9]*\)$$/[\2] = "\1",/p' > $(@D)/capabilities.h
	$(Q)$(HOST_GCC) $(HOST_CFLAGS) -I$(@D) -o $@ $(filter %.c %.a,$^)
# The table of formats, one row each.
help-formats:
	$(info | file | what it is | for | made from |)
	$(info |---|---|---|---|)
	$(foreach format,$(FORMATS),$(info | `.$(or $($(format)_SUFFIX),$(format))` | $($(format)_WHAT) | $($(format)_FOR) | $(format_origin) |))
	@:
format_origin = $(or $(format_origin_$($(format)_FROM)),`.$($(format)_FROM)`)
format_origin_     := the service, no kernel
format_origin_disk := the raw disk
format_origin_elf  := the kernel as ELF

# $(call fill_table,PAGE,FIRST WORDS,FILE): what stands between the lines "<!-- FIRST WORDS: begin" and "end" becomes FILE.
fill_table = sed -i -e "/^<!-- $2: begin/,/^<!-- $2: end/{//!d}" -e "/^<!-- $2: begin/r $3" $1

docs: $(BUILD)/tools/config-help $(BUILD)/tools/records-help $(BUILD)/tools/programs-help
	$(Q)$< --markdown > $<.md
	$(Q)$(call fill_table,docs/configuration.md,settings,$<.md)
	$(Q)for record in $$($(BUILD)/tools/records-help); do \
		$(BUILD)/tools/records-help $$record > $<.md; \
		$(call fill_table,docs/records.md,keys of $$record,$<.md); done
	$(Q)$(BUILD)/tools/programs-help > $<.md
	$(Q)$(call fill_table,docs/init.md,programs,$<.md)
	$(Q)$(BUILD)/tools/programs-help --rooms > $<.md
	$(Q)$(call fill_table,docs/security.md,rooms,$<.md)
	$(Q)$(BUILD)/tools/programs-help --security > $<.md
	$(Q)$(call fill_table,docs/security.md,programs,$<.md)
	$(Q)/usr/bin/python3 -B tools/house-help > $<.md
	$(Q)$(call fill_table,docs/house.md,records,$<.md)
	$(Q)$(MAKE) -s help-formats > $<.md
	$(Q)$(call fill_table,docs/images.md,formats,$<.md)
	$(Q)$(BUILD)/tools/records-help --metrics > $<.md
	$(Q)$(call fill_table,docs/monitoring.md,metrics,$<.md)
	$(Q)$(foreach record,AGENT CHILD LOG NIC RELAY RESOLVER SYSTEM,$(record)="$$($(BUILD)/tools/records-help --schema $(record))") \
		tools/fill src/web/status.schema.in docs/status.schema.json
