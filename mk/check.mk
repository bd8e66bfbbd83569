# Tests. `make check` runs all of them and ends in one line with the totals.
# needs: for unit, host and netns the host's gcc; for boot, fault and metal the image and QEMU
# makes: $(BUILD)/host/NAME, programs with address sanitizer; $(BUILD)/check/*.xml, results

HOST := $(BUILD)/host
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
HOST_CFLAGS := -g -O1 -fno-omit-frame-pointer $(SANITIZE) $(PROGRAM_CFLAGS) -DTHIMBLE_CONFIG_HELP

# Libraries of programs, with the sanitizers and their own assertions (_DEBUG) as well.
$(foreach library,$(sort $(foreach name,$(PROGRAMS),$(program_libraries_$(name)))),\
	$(eval $(call package-build,$(library),$(HOST)/packages/$(library),$(HOST_GCC),-g -O1 -D_DEBUG $(SANITIZE),,| deps-check)))

$(eval $(call compile,$(HOST)/obj,$(HOST_GCC) $(HOST_CFLAGS),$(HOST),mk/check.mk | deps-check))

# All of a program but its main, for those that test it: $(call archives_in,FOLDER,PROGRAM).
archives_in = $1/obj/$2.a $(call layers,$1/obj) $(call library_archives,$2,$1)
host_archives = $(call archives_in,$(HOST),$1)

# glibc has ns_parserr() in a library of its own, musl has it in libc.
host_libraries_resolver := -lresolv

# The programs that tests of the network use, in FOLDER, which has obj and packages: $(call host_programs,FOLDER,COMPILER AND FLAGS).
# dhcpcd-conf: what init makes of settings for dhcpcd, for tests that run dhcpcd without init.
# box-harness: a service in its box, for tests without a guest.
define host_programs
$(foreach name,$(PROGRAMS),$(call host_program,$(name),$1,$2))
$1/dhcpcd-conf: tests/lib/dhcpcd_conf.c $(call archives_in,$1,init)
	$$(call say,HOSTLD,$$@)
	$$(Q)$2 -o $$@ $$(filter %.c %.a,$$^)
$1/box-harness: tests/lib/box_harness.c $(call archives_in,$1,init)
	$$(call say,HOSTLD,$$@)
	$$(Q)$2 -Wl,--wrap=become_oom_victim -o $$@ $$(filter %.c %.a,$$^)
endef
define host_program
$2/$1: $2/obj/$1/main.o $(call archives_in,$2,$1)
	$$(call say,HOSTLD,$$@)
	$$(Q)$3 -o $$@ $$^ $(host_libraries_$1)

endef
$(eval $(call host_programs,$(HOST),$(HOST_GCC) $(HOST_CFLAGS)))

# tests/unit/PROGRAM/test_*.c: one executable each, with all of the program but its main.
UNIT_SOURCES := $(sort $(wildcard tests/unit/*/test_*.c))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(HOST)/unit/%,$(UNIT_SOURCES))

# The children's state machine is tested with processes of the test's own in place of spawn.c's, which need root.
unit_flags_init/test_children := -Wl,--wrap=spawn,--wrap=spawn_killer
# What /proc says of a process.
unit_flags_init/test_liveness := -Wl,--wrap=file_read
# Devices of the test's own.
unit_flags_init/test_watchdog := -Wl,--wrap=open,--wrap=ioctl,--wrap=write,--wrap=close
# The machine's name without the machine.
unit_flags_init/test_host_name := -Wl,--wrap=sethostname,--wrap=log_line
# The kernel's log without the kernel.
unit_flags_init/test_call_names := -Wl,--wrap=open,--wrap=read
# A request whose peer ends before the answer is read.
unit_flags_common/test_control := -Wl,--wrap=send
# VMware and other machines in turn.
unit_flags_init/test_control_server := -Wl,--wrap=vmware_here
# The guest agent protocol without init.
unit_flags_agent/test_qga := -Wl,--wrap=control_request
# The screen's output without a terminal.
unit_flags_console/test_terminal := -Wl,--wrap=write
# The log's sender with answers of the test's own.
unit_flags_log/test_sender := -Wl,--wrap=lookup_start,--wrap=lookup_stop
# A clock of the test's own.
unit_flags_records/test_pace := -Wl,--wrap=now_ms,--wrap=log_warn
# inotify that fails.
unit_flags_records/test_watch := -Wl,--wrap=inotify_init1,--wrap=inotify_add_watch,--wrap=log_warn
# VMware without the machine.
unit_flags_agent/test_vmware := -Wl,--wrap=vmware_machine_port
# And the resolver's sources with answers and a clock of the test's own.
unit_flags_resolver/test_source := -Wl,--wrap=worker_start,--wrap=worker_stop,--wrap=now_ms

# $(call unit_test,PROGRAM/test_x,FOLDER,COMPILER AND FLAGS)
define unit_test
$2/unit/$1: tests/unit/$1.c $(call archives_in,$2,$(patsubst %/,%,$(dir $1)))
	$$(call say,UNIT,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$3 -Isrc/$(dir $1) -Itests -MMD -MP $(unit_flags_$1) -o $$@ $$(filter %.c %.a,$$^) \
		-lcmocka $(host_libraries_$(patsubst %/,%,$(dir $1)))
endef
UNIT_NAMES := $(UNIT_SOURCES:tests/unit/%.c=%)
$(foreach name,$(UNIT_NAMES),$(eval $(call unit_test,$(name),$(HOST),$(HOST_GCC) $(HOST_CFLAGS))))

PYTEST := /usr/bin/python3 -B -m pytest -p no:cacheprovider -q
CHECK := $(BUILD)/check
export THIMBLE_HOST_BIN := $(abspath $(HOST))

$(call deps_first,check,check check-%)
CHECK_KINDS := unit fuzz host netns inside boot fault

.PHONY: check $(addprefix check-,$(CHECK_KINDS)) check-containers host-programs unit-tests
# Every kind runs, even when one before it failed.
check: deps-build deps-check
	$(Q)rm -f $(CHECK)/*.xml; failed=0; \
	for kind in $(CHECK_KINDS); do $(MAKE) check-$$kind || failed=1; done; \
	tools/check-totals sum $(CHECK) $(CHECK_KINDS) || failed=1; exit $$failed

host-programs: $(addprefix $(HOST)/,$(PROGRAMS) dhcpcd-conf box-harness) $(BUILD)/etc/passwd $(BUILD)/etc/group
unit-tests: $(UNIT_TESTS)

check-unit: $(UNIT_TESTS) | deps-check
	$(Q)tools/check-totals unit $(CHECK) $(UNIT_TESTS)

# On the host alone: the tools, the build itself, and real appliances' roots without a kernel.
check-host: images programs $(SOURCES_USED) $(GEN_INIT_CPIO) | deps-check
	$(Q)mkdir -p $(CHECK)
	$(Q)tools/in-namespaces $(PYTEST) --numprocesses=$(shell nproc) --dist=loadgroup --junitxml=$(CHECK)/host.xml tests/host

# What these tests use beside the programs that they test: the resolver as it is in the image as well, which lives by what
# musl's own resolver does, and the relay for its memory. They wait for timers more than they compute.
NETNS_NEEDS := programs check-containers $(CHECK)/syslog-ng $(BUILD)/bench/relay-load $(BUILD)/bin/relay $(BUILD)/bin/resolver \
	$(BUILD)/packages/dhcpcd/.done $(BUILD)/packages/ntpd/.done
check-netns: host-programs $(NETNS_NEEDS) | deps-check
	$(Q)mkdir -p $(CHECK)
	$(Q)tools/in-namespaces $(PYTEST) --numprocesses=$(shell expr 3 '*' $$(nproc)) --junitxml=$(CHECK)/netns.xml tests/netns

# The same with programs that are late, which shows what a test (or a program) takes for granted about the order of things.
# Not a part of `make check`: once after a change is enough.
SLOW := $(BUILD)/slow
define slow_program
$(SLOW)/$1: tests/lib/slow.c $(HOST)/obj/$1/main.o $(call host_archives,$1)
	$$(call say,HOSTLD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$(HOST_GCC) $(HOST_CFLAGS) -Wl,--wrap=rename,--wrap=unlink,--wrap=write,--wrap=epoll_wait -o $$@ $$^ $(host_libraries_$1)
endef
$(foreach name,$(PROGRAMS),$(eval $(call slow_program,$(name))))
$(SLOW)/dhcpcd-conf $(SLOW)/box-harness: $(SLOW)/%: $(HOST)/%
	$(Q)mkdir -p $(@D)
	$(Q)cp $< $@

.PHONY: check-slow
check-slow: $(addprefix $(SLOW)/,$(PROGRAMS) dhcpcd-conf box-harness) $(NETNS_NEEDS) | deps-check
	$(Q)mkdir -p $(CHECK)
	$(Q)THIMBLE_HOST_BIN=$(abspath $(SLOW)) tools/in-namespaces $(PYTEST) --numprocesses=$(shell expr 3 '*' $$(nproc)) \
		--junitxml=$(CHECK)/slow.xml tests/netns

# What fails inside: programs of which one call fails, as the environment says (tests/lib/nth.c).
NTH := $(BUILD)/host-nth
NTH_WRAPPED := malloc calloc realloc strdup open openat opendir fdopendir read pread recv recvfrom recvmsg write pwrite send sendto \
	sendmsg splice sendfile fork syscall socket socketpair bind listen setsockopt accept4 connect pipe pipe2 epoll_create1 epoll_ctl \
	signalfd inotify_init1 inotify_add_watch mmap rename dup dup2
NTH_FLAGS := -rdynamic $(foreach name,$(NTH_WRAPPED),-Wl,--wrap=$(name))
nth_flags_init := tests/lib/nth_init.c -Wl,--wrap=mount_step,--wrap=room_prepare,--wrap=become_roomed,--wrap=apply_sysctl \
	-Wl,--wrap=close_user_namespaces,--wrap=set_tcp_memory,--wrap=setrlimit,--wrap=become_oom_victim,--wrap=klogctl
$(NTH)/init: tests/lib/nth_init.c
define nth_program
$(NTH)/$1: tests/lib/nth.c $(HOST)/obj/$1/main.o $(call host_archives,$1) mk/check.mk
	$$(call say,HOSTLD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$(HOST_GCC) $(HOST_CFLAGS) $(NTH_FLAGS) $$(nth_flags_$1) -o $$@ $$(filter tests/lib/nth.c %.o %.a,$$^) $(host_libraries_$1)
endef
$(foreach name,$(PROGRAMS),$(eval $(call nth_program,$(name))))

# check-inside has a run for each place that makes a call. check-nth, which is not a part of `make check`, has one for each time
# that it is made, with each error that it may have, once and from then on.
nth_programs := $(addprefix $(NTH)/,relay web log resolver net link agent console clock init)
check-nth: export THIMBLE_NTH_ALL := 1
.PHONY: check-nth
check-inside check-nth: check-%: $(nth_programs) $(BUILD)/etc/passwd $(BUILD)/etc/group $(BUILD)/packages/ntpd/.done | deps-check
	$(Q)mkdir -p $(CHECK)
	$(Q)tools/in-namespaces $(PYTEST) --numprocesses=$(shell expr 4 '*' $$(nproc)) --junitxml=$(CHECK)/$*.xml tests/inside

# Debian does not let it be installed beside rsyslog.
$(CHECK)/syslog-ng: tools/unpack-deb | deps-check
	$(call say,UNPACK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)tools/unpack-deb syslog-ng-core $@

# A service that does wrong, for the tests to lay over the image's own; it goes through the slot as well.
check-images: $(CHECK)/misbehave $(CHECK)/intruder $(CHECK)/inside $(CHECK)/forbidden $(CHECK)/hyperv check-slot
	$(Q)$(MAKE) image APPLIANCE=dns
	$(Q)$(MAKE) image BINARY=$(CHECK)/misbehave ARGS=7000 PORT=7000/tcp
	$(Q)$(MAKE) image BINARY=$(CHECK)/inside ARGS='--listen :8080 \$$HOME "it'\''s" '\''say "hi"'\'' \\ "" …' PORT=8080/tcp
$(CHECK)/misbehave: tests/fault/daemons/misbehave.c
$(CHECK)/intruder: tests/fault/daemons/intruder.c
$(CHECK)/inside: tests/boot/daemons/inside.c
$(CHECK)/spread: tests/smp/daemons/spread.c
$(CHECK)/forbidden: tests/boot/daemons/forbidden.c
$(CHECK)/misbehave $(CHECK)/intruder $(CHECK)/inside $(CHECK)/forbidden $(CHECK)/spread: $(MUSL_CC)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(MUSL_CC) $(MUSL_CFLAGS) -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror $(MUSL_LDFLAGS) -o $@ $(filter %.c,$^)

# A Hyper-V host around the image's own agent.
$(CHECK)/hyperv: tests/boot/daemons/hyperv.c $(call layers,$(BUILD)/obj) $(MUSL_CC)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(MUSL_CC) $(MUSL_CFLAGS) $(PROGRAM_CFLAGS) $(MUSL_LDFLAGS) -o $@ $(filter %.c %.a,$^)

# Each kind of appliance as a container: one of this tree, one of a package, anybody's executable.
check-containers: $(CHECK)/misbehave
	$(Q)$(MAKE) oci APPLIANCE=kms-relay
	$(Q)$(MAKE) oci APPLIANCE=dns
	$(Q)$(MAKE) oci BINARY=$(CHECK)/misbehave ARGS=7000 PORT=7000/tcp

# A guest in emulation keeps one processor busy while it starts, and waits then; fault tests wait for the most part.
check-boot: guests_for_each_two := 3
check-fault: guests_for_each_two := 4
check-boot check-fault: check-%: images check-images | deps-check
	$(Q)mkdir -p $(CHECK)
	$(Q)tools/in-namespaces $(PYTEST) --numprocesses=$(shell expr $(guests_for_each_two) '*' $$(nproc) / 2) --junitxml=$(CHECK)/$*.xml tests/$* \
		$(if $(filter fault,$*),tests/soak)

# Faults at random moments while clients are at work. HOURS and FAULTS: how long; SEED, FIRST: to have one again; KINDS: only these.
.PHONY: soak
$(call deps_first,check,soak)
soak: images $(CHECK)/misbehave | deps-check
	$(Q)tools/in-namespaces /usr/bin/python3 -B tests/soak/soak.py $(BUILD)/soak $(HOURS:%=--hours %) $(FAULTS:%=--faults %) \
		$(SEED:%=--seed %) $(FIRST:%=--first %) $(if $(KINDS),--kinds $(KINDS))

# What other kernels have, and that they still have the rest. Not a part of `make check`: each is compiled first.
.PHONY: check-metal check-smp check-harden
check-metal: | deps-check
	$(Q)$(MAKE) image APPLIANCE=kms-relay PLATFORM=metal
	$(Q)$(call check_variant,metal,tests/boot/test_nic_models.py)

check-smp: $(CHECK)/spread | deps-check
	$(Q)$(MAKE) image APPLIANCE=kms-relay SMP=1
	$(Q)$(MAKE) image BINARY=$(CHECK)/spread ARGS=8080 PORT=8080/tcp SMP=1
	$(Q)$(call check_variant,smp,tests/boot/test_machines.py)

check-harden: image | deps-check
	$(Q)$(MAKE) image vmlinux img iso APPLIANCE=kms-relay HARDEN=1
	$(Q)$(call check_variant,harden,tests/boot/test_machines.py tests/fault)

# $(call check_variant,NAME,MORE TESTS): tests/NAME, and MORE TESTS with the image of that kernel
check_variant = mkdir -p $(CHECK) && THIMBLE_IMAGE=$(abspath $(OUT)/kms-relay-$1-$(ARCH).efi) \
	tools/in-namespaces $(PYTEST) --junitxml=$(CHECK)/$1.xml tests/$1 $2

# Real daemons as services, with the table of docs/services.md; five of them are in tests/boot as well. Not a part of `make check`:
# packages are fetched, and a guest at a time is started.
.PHONY: check-services
check-services: check-slot | deps-check deps-services
	$(Q)rm -f $(CHECK)/services/results/*
	$(Q)/usr/bin/python3 -B tests/services/services.py fetch
	$(Q)tools/in-namespaces $(PYTEST) --junitxml=$(CHECK)/services.xml tests/services
	$(Q)/usr/bin/python3 -B tests/services/services.py table

# What they are put into.
.PHONY: check-slot
check-slot:
	$(Q)$(MAKE) image iso img APPLIANCE=slot

-include $(wildcard $(HOST)/unit/*/*.d)
