# Coverage: which lines and branches of src/ the unit, fuzz and network tests run.
# needs: clang, llvm; what `make check-unit`, `check-fuzz` and `check-netns` need
# makes: $(COVERAGE)/index.html, a page; $(COVERAGE)/counts/KIND, what was counted; docs/coverage.md
#
# The programs count in a file that is mapped into memory, all runs of one in the same file. So nothing is lost when a program
# is killed, leaves by _exit(), changes its root or loses its rights.

COVERAGE := $(BUILD)/coverage
COVERAGE_KINDS := unit fuzz netns
COVERAGE_TARGETS := $(filter-out $(PACKAGE_TARGETS),$(FUZZ_TARGETS))
COVERAGE_CC := $(FUZZ_CC) -fprofile-instr-generate=$(abspath $(COVERAGE))/counts/netns/%m%c.profraw -fcoverage-mapping \
	-mllvm -runtime-counter-relocation -Wno-unused-command-line-argument
# No sanitizers: their checks would count as branches.
COVERAGE_CFLAGS := -g -O0 $(PROGRAM_CFLAGS) -Wno-string-concatenation -DTHIMBLE_CONFIG_HELP

$(eval $(call package-build,libmicrohttpd,$(COVERAGE)/packages/libmicrohttpd,$(HOST_GCC),-g -O1 -D_DEBUG,,| deps-check))
$(eval $(call compile,$(COVERAGE)/obj,$(COVERAGE_CC) $(COVERAGE_CFLAGS),$(COVERAGE),mk/coverage.mk | deps-check deps-coverage))
$(eval $(call host_programs,$(COVERAGE),$(COVERAGE_CC) $(COVERAGE_CFLAGS)))
$(foreach name,$(UNIT_NAMES),$(eval $(call unit_test,$(name),$(COVERAGE),$(COVERAGE_CC) $(COVERAGE_CFLAGS))))
$(foreach name,$(COVERAGE_TARGETS),$(eval $(call fuzz_program,$(name),$(COVERAGE)/fuzz,$(COVERAGE),$(COVERAGE_CC) $(COVERAGE_CFLAGS))))

# Those of the container, whose root has no libraries.
COVERAGE_STATIC := $(addprefix $(COVERAGE)/static/,entry relay resolver)
$(COVERAGE_STATIC): $(COVERAGE)/static/%: $(COVERAGE)/%
	$(Q)mkdir -p $(@D)
	$(Q)$(COVERAGE_CC) $(COVERAGE_CFLAGS) -static -o $@ $(COVERAGE)/obj/$*/main.o $(call archives_in,$(COVERAGE),$*) $(host_libraries_$*)

COVERAGE_OBJECTS := $(filter-out $(COVERAGE)/obj/multicall/%,$(patsubst src/%.c,$(COVERAGE)/obj/%.o,$(wildcard src/*/*.c)))

.PHONY: coverage coverage-page $(addprefix coverage-,$(COVERAGE_KINDS))
# The page is made of what was counted also when a test failed, which fails this too.
coverage: | deps-check deps-coverage
	$(Q)rm -rf $(COVERAGE)/counts; failed=0; \
	for kind in $(COVERAGE_KINDS); do $(MAKE) coverage-$$kind || failed=1; done; \
	$(MAKE) coverage-page || failed=1; exit $$failed

# One kind, added to what the others counted. Its results do not stand among those of `make check`.
coverage-unit: $(UNIT_NAMES:%=$(COVERAGE)/unit/%)
	$(Q)LLVM_PROFILE_FILE=$(abspath $(COVERAGE))/counts/unit/%m%c.profraw tools/check-totals unit $(COVERAGE)/check $^
coverage-fuzz: $(COVERAGE_TARGETS:%=$(COVERAGE)/fuzz/%)
	$(Q)LLVM_PROFILE_FILE=$(abspath $(COVERAGE))/counts/fuzz/%m%c.profraw tools/check-totals fuzz $(COVERAGE)/check tests/fuzz/corpus "-runs=0" \
		$(foreach name,$(COVERAGE_TARGETS),$(COVERAGE)/fuzz/$(name) "$(fuzz_options_$(name))")
coverage-netns: $(COVERAGE_STATIC) $(addprefix $(COVERAGE)/,$(PROGRAMS) dhcpcd-conf box-harness) $(NETNS_NEEDS) | deps-check
	$(Q)mkdir -p $(COVERAGE)/counts/netns && chmod 1777 $(COVERAGE)/counts/netns
	$(Q)THIMBLE_COUNTING=$(abspath $(COVERAGE))/static THIMBLE_COUNTS=$(abspath $(COVERAGE))/counts/netns \
		THIMBLE_HOST_BIN=$(abspath $(COVERAGE)) tools/in-namespaces $(PYTEST) \
		--numprocesses=$(shell expr 3 '*' $$(nproc)) --junitxml=$(COVERAGE)/check/netns.xml tests/netns

coverage-page: $(COVERAGE_OBJECTS)
	$(Q)tools/coverage $(COVERAGE) docs/coverage.md $(COVERAGE_KINDS) -- $^
