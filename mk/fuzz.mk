# Fuzzing: tests/fuzz/NAME.c, one libFuzzer program each, which begins from tests/fuzz/corpus/NAME.
# needs: clang and its runtime
# makes: $(FUZZ)/NAME, the programs; $(FUZZ)/NAME.found, inputs that reach new code; $(FUZZ)/NAME.crash-*, inputs
#        that break one; $(CHECK)/fuzz.xml, results

FUZZ := $(BUILD)/fuzz
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/*.c)))
FUZZ_CC := clang
FUZZ_CFLAGS := -g -O1 -fno-omit-frame-pointer $(SANITIZE) $(PROGRAM_CFLAGS)

# What a target exercises, as it lies in src/, without its ending. All of src/common is there for each.
fuzz_objects_clock_report := clock/report
fuzz_objects_dcerpc := relay/dcerpc
fuzz_objects_dns_answer := resolver/answer
fuzz_objects_event := net/event
fuzz_objects_guestinfo := init/vmware
fuzz_objects_kvp := agent/kvp agent/kvp_facts agent/facts
fuzz_objects_lease := net/lease net/event net/ip
fuzz_objects_log_lines := log/message log/ring log/source
fuzz_objects_netlink := net/netlink_parse net/ip
fuzz_objects_ovf := init/ovf
fuzz_objects_proxy_header := relay/proxy_header
fuzz_objects_qga := agent/qga agent/qga_input agent/json agent/facts
fuzz_objects_smbios := init/smbios
fuzz_objects_http := web/server web/answer web/counts
fuzz_objects_views := $(patsubst src/%.c,%,$(filter-out %/main.c %/server.c %/listener.c,$(wildcard src/web/*.c)) \
	$(program_shares_web))
fuzz_objects_target := $(patsubst src/%.c,%,$(filter-out %/main.c,$(wildcard src/relay/*.c)))

fuzz_libraries_dns_answer := $(host_libraries_resolver)
# The records are the target's own.
fuzz_libraries_kvp := -Wl,--wrap=record_read,--wrap=record_list
fuzz_libraries_qga := -Wl,--wrap=record_read,--wrap=record_list,--wrap=control_request
fuzz_libraries_http := $(call library_archives,web,$(FUZZ))

# libFuzzer's options of a target, where they are not the usual ones: inputs as long as what it reads may be.
fuzz_options_log_lines := -max_len=8192
fuzz_options_record := -max_len=33000
fuzz_options_http := -max_len=8192
fuzz_options_qga := -max_len=6000

# The short run of `make check`: the same inputs each time, and bounded on a slow machine as well.
FUZZ_SHORT := -seed=1 -runs=50000 -max_total_time=10

$(FUZZ)/obj/%.o: src/%.c mk/fuzz.mk mk/programs.mk | $(DEPS_CHECK)
	$(call say,FUZZCC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer-no-link $(FUZZ_CFLAGS) -I$(<D) $(call library_headers,$(call program_of,$<),$(FUZZ)) -MMD -MP -c -o $@ $<

# Libraries that a target goes through, so that it sees their branches too.
$(eval $(call package-build,libmicrohttpd,$(FUZZ)/packages/libmicrohttpd,$(FUZZ_CC),-g -O1 -D_DEBUG -fsanitize=fuzzer-no-link $(SANITIZE),-fsanitize=address,| $(DEPS_CHECK)))
$(patsubst src/%.c,$(FUZZ)/obj/%.o,$(wildcard src/web/*.c)): | $(fuzz_libraries_http)
$(FUZZ)/obj/web/assets.o: $(WEB_PAGE)

define fuzz_program
$(FUZZ)/$1: tests/fuzz/$1.c $(patsubst %,$(FUZZ)/obj/%.o,$(patsubst src/%.c,%,$(wildcard src/common/*.c)) $(fuzz_objects_$1)) | $(filter %.a,$(fuzz_libraries_$1))
	$$(call say,FUZZLD,$$@)
	$$(Q)$(FUZZ_CC) -fsanitize=fuzzer $(FUZZ_CFLAGS) -MMD -MP -o $$@ $$(filter %.c %.o,$$^) $$(fuzz_libraries_$1)
endef
$(foreach name,$(FUZZ_TARGETS),$(eval $(call fuzz_program,$(name))))

.PHONY: fuzz fuzz-programs check-fuzz
fuzz-programs: $(addprefix $(FUZZ)/,$(FUZZ_TARGETS))

# The options of each target go to the tool as one word behind its name.
check-fuzz: fuzz-programs | $(DEPS_CHECK)
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

-include $(wildcard $(FUZZ)/*.d $(FUZZ)/obj/*/*.d)
