# Fuzzing: tests/fuzz/NAME.c, one libFuzzer program each, which begins from tests/fuzz/corpus/NAME.
# needs: clang and its runtime
# makes: $(FUZZ)/NAME, the programs; $(FUZZ)/NAME.found, inputs that reach new code; $(FUZZ)/NAME.crash-*, inputs
#        that break one; $(CHECK)/fuzz.xml, results

FUZZ := $(BUILD)/fuzz
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/*.c)))
FUZZ_CC := clang
comma := ,
FUZZ_CFLAGS := -g -O1 -fno-omit-frame-pointer $(SANITIZE) $(PROGRAM_CFLAGS)

# The program whose code a target exercises. The layers below are there for each.
fuzz_program_box_description := init
fuzz_program_clock_report := clock
fuzz_program_dcerpc := relay
fuzz_program_dhcp4 := net
fuzz_program_dhcp6 := net
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
fuzz_program_router := net
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
fuzz_options_ntp := -max_len=3200
$(foreach name,dhcp4 dhcp6 router,$(eval fuzz_options_$(name) := -max_len=4096))

# The short run of `make check`: the same inputs each time, and bounded on a slow machine as well.
FUZZ_SHORT := -seed=1 -runs=50000 -max_total_time=10

# Libraries that a target goes through, so that it sees their branches too.
$(eval $(call package-build,libmicrohttpd,$(FUZZ)/packages/libmicrohttpd,$(FUZZ_CC),-g -O1 -D_DEBUG -fsanitize=fuzzer-no-link $(SANITIZE),-fsanitize=address,| deps-check))
$(eval $(call compile,$(FUZZ)/obj,$(FUZZ_CC) -fsanitize=fuzzer-no-link $(FUZZ_CFLAGS),$(FUZZ),mk/fuzz.mk | deps-check))

# Programs of packages: their sources as they are in the guest's build, patched and configured, with the sanitizers and with the
# assertions that the image leaves out. The kernel's side, timers and helpers are the target's own (tests/fuzz/dhcpcd.h).
# fuzz_sources_PACKAGE: what is compiled. fuzz_flags_PACKAGE: shell words that print the flags, one a line.
PACKAGE_TARGETS := dhcp4 dhcp6 ntp router
fuzz_sources_dhcpcd := $(addprefix src/,common dhcp-common dhcp dhcp6 dhcpcd-embedded duid if if-options ipv4 ipv6 ipv6nd route sa script) \
	$(addprefix compat/,arc4random_uniform closefrom rb setproctitle strlcpy strtoi strtou crypt/hmac crypt/md5 crypt/sha256)
fuzz_flags_dhcpcd = sed -n 's/^CPPFLAGS+=//p' config.mk | grep -v NDEBUG; \
	printf -- '%s\n' '-include string.h' '-include compat/strlcpy.h' "-isystem $$PWD/src" "-isystem $$PWD"
# ntpd.c itself is a part of its target; the rest is what the guest's build compiled of BusyBox's library.
fuzz_sources_ntpd = $(filter-out libbb/built-in libbb/hash_%,\
	$(patsubst $(BUILD)/packages/ntpd/src/%.o,%,$(wildcard $(BUILD)/packages/ntpd/src/libbb/*.o)))
fuzz_flags_ntpd = printf -- '%s\n' -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DBUILD_TIME=$(SOURCE_DATE_EPOCH) -DBB_GLOBAL_CONST= \
	-Dmain=busybox_main '-DBB_VER=""' '-DBB_EXTRA_VERSION=""' "-isystem $$PWD" "-isystem $$PWD/include" "-isystem $$PWD/libbb" \
	"-include $$PWD/include/autoconf.h"

define fuzz_package
$(FUZZ)/packages/$1.a: $(BUILD)/packages/$1/.done mk/fuzz.mk | deps-check
	$$(call say,FUZZCC,$$@)
	$$(Q)mkdir -p $$(@:.a=-objects) && rm -f $$@ $$(@:.a=-objects)/*
	$$(Q)(cd $$(<D)/src && $$(fuzz_flags_$1)) > $$(@:.a=.flags)
	$$(Q)for source in $$(fuzz_sources_$1); do \
		$(FUZZ_CC) -g -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link $(SANITIZE) -w @$$(@:.a=.flags) \
			-c -o $$(@:.a=-objects)/$$$${source##*/}.o $$(<D)/src/$$$$source.c || exit 1; done
	$$(Q)$(HOST_AR) rcs $$@ $$(@:.a=-objects)/*.o
endef
$(foreach package,dhcpcd ntpd,$(eval $(call fuzz_package,$(package))))
wrapped = $(addprefix -Wl$(comma)--wrap=,$1)
$(FUZZ)/ntp: $(FUZZ)/packages/ntpd.a
fuzz_libraries_http := $(call wrapped,clock_gettime)
fuzz_libraries_ntp := @$(FUZZ)/packages/ntpd.flags -lm \
	$(call wrapped,adjtimex bind close gettimeofday recv sendto setsockopt settimeofday socket xfunc_die)
dhcpcd_targets := dhcp4 dhcp6 router
$(dhcpcd_targets:%=$(FUZZ)/%): $(FUZZ)/packages/dhcpcd.a
$(foreach name,$(dhcpcd_targets),$(eval fuzz_libraries_$(name) := @$(FUZZ)/packages/dhcpcd.flags $(call wrapped,clock_gettime ioctl)))

# $(call fuzz_program,NAME,WHERE IT IS MADE,FOLDER WITH obj AND packages,COMPILER AND FLAGS)
define fuzz_program
$2/$1: tests/fuzz/$1.c $(fuzz_program_$1:%=$3/obj/%.a) $(call layers,$3/obj) $(call library_archives,$(fuzz_program_$1),$3)
	$$(call say,FUZZLD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$4 -fsanitize=fuzzer -MMD -MP -o $$@ $$(filter %.c %.a,$$^) $$(fuzz_libraries_$1)
endef
$(foreach name,$(FUZZ_TARGETS),$(eval $(call fuzz_program,$(name),$(FUZZ),$(FUZZ),$(FUZZ_CC) $(FUZZ_CFLAGS))))

.PHONY: fuzz fuzz-programs check-fuzz
fuzz-programs: $(addprefix $(FUZZ)/,$(FUZZ_TARGETS))

# The options of each target go to the tool as one word behind its name.
check-fuzz: fuzz-programs | deps-check
	$(Q)tools/check-totals fuzz $(CHECK) tests/fuzz/corpus "$(FUZZ_SHORT)" \
		$(foreach name,$(FUZZ_TARGETS),$(FUZZ)/$(name) "$(fuzz_options_$(name))")

# Each target for MINUTES of a processor, from its corpus and what earlier runs found; the times are added to those of the tree.
MINUTES ?= 20
.PHONY: fuzz-hours
fuzz-hours: fuzz-programs | deps-check
	$(Q)tools/fuzz-hours docs/testing.md tests/fuzz/corpus $(MINUTES) \
		$(foreach name,$(or $(TARGETS),$(FUZZ_TARGETS)),$(FUZZ)/$(name) "$(fuzz_options_$(name))")

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
