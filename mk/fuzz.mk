# Fuzzing: tests/fuzz/NAME.c, one libFuzzer program each, which begins from tests/fuzz/corpus/NAME.
# needs: clang and its runtime
# makes: $(FUZZ)/NAME, the programs; $(FUZZ)/NAME.found, inputs that reach new code; $(FUZZ)/NAME.crash-*, inputs
#        that break one; $(CHECK)/fuzz.xml, results

FUZZ := $(BUILD)/fuzz
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/*.c)))
FUZZ_CC := clang
FUZZ_CFLAGS := -g -O1 -fno-omit-frame-pointer $(SANITIZE) $(PROGRAM_CFLAGS)

# The program whose code a target exercises. The layers below are there for each.
fuzz_program_box_description := init
fuzz_program_clock_report := clock
fuzz_program_dcerpc := relay
fuzz_program_dns_answer := resolver
fuzz_program_event := net
fuzz_program_guestinfo := init
fuzz_program_http := web
fuzz_program_kvp := agent
fuzz_program_lease := net
fuzz_program_log_lines := log
fuzz_program_ovf := init
fuzz_program_proxy_header := relay
fuzz_program_qga := agent
fuzz_program_smbios := init
fuzz_program_target := relay
fuzz_program_views := web

fuzz_libraries_dns_answer := $(host_libraries_resolver)
# The records are the target's own.
fuzz_libraries_kvp := -Wl,--wrap=record_read,--wrap=record_list
fuzz_libraries_qga := -Wl,--wrap=record_read,--wrap=record_list,--wrap=control_request

# libFuzzer's options of a target, where they are not the usual ones: inputs as long as what it reads may be.
fuzz_options_log_lines := -max_len=8192
fuzz_options_record := -max_len=33000
fuzz_options_http := -max_len=8192
fuzz_options_qga := -max_len=6000

# The short run of `make check`: the same inputs each time, and bounded on a slow machine as well.
FUZZ_SHORT := -seed=1 -runs=50000 -max_total_time=10

# Libraries that a target goes through, so that it sees their branches too.
$(eval $(call package-build,libmicrohttpd,$(FUZZ)/packages/libmicrohttpd,$(FUZZ_CC),-g -O1 -D_DEBUG -fsanitize=fuzzer-no-link $(SANITIZE),-fsanitize=address,| deps-check))
$(eval $(call compile,$(FUZZ)/obj,$(FUZZ_CC) -fsanitize=fuzzer-no-link $(FUZZ_CFLAGS),$(FUZZ),mk/fuzz.mk | deps-check))

define fuzz_program
$(FUZZ)/$1: tests/fuzz/$1.c $(fuzz_program_$1:%=$(FUZZ)/obj/%.a) $(call layers,$(FUZZ)/obj) $(call library_archives,$(fuzz_program_$1),$(FUZZ))
	$$(call say,FUZZLD,$$@)
	$$(Q)$(FUZZ_CC) -fsanitize=fuzzer $(FUZZ_CFLAGS) -MMD -MP -o $$@ $$(filter %.c %.a,$$^) $$(fuzz_libraries_$1)
endef
$(foreach name,$(FUZZ_TARGETS),$(eval $(call fuzz_program,$(name))))

.PHONY: fuzz fuzz-programs check-fuzz
fuzz-programs: $(addprefix $(FUZZ)/,$(FUZZ_TARGETS))

# The options of each target go to the tool as one word behind its name.
check-fuzz: fuzz-programs | deps-check
	$(Q)tools/check-totals fuzz $(CHECK) tests/fuzz/corpus "$(FUZZ_SHORT)" \
		$(foreach name,$(FUZZ_TARGETS),$(FUZZ)/$(name) "$(fuzz_options_$(name))")

# For people: one target, until it breaks or Ctrl-C.
ifneq ($(filter fuzz,$(MAKECMDGOALS)),)
ifeq ($(filter $(FUZZ_TARGETS),$(TARGET)),)
$(error TARGET=$(TARGET): one of: $(FUZZ_TARGETS))
endif
fuzz: $(FUZZ)/$(TARGET)
	$(Q)mkdir -p $<.found
	$(Q)$< -artifact_prefix=$<.crash- -timeout=10 $(fuzz_options_$(TARGET)) $<.found tests/fuzz/corpus/$(TARGET)
endif

-include $(wildcard $(FUZZ)/*.d)
