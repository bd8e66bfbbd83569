# What every stage shares: the user's choices, where things are, how commands are shown.
# needs: nothing
# makes: variables

# Taken literally: make expands nothing in it, neither here nor in the environment of commands. From 4.4 on GNU make also
# expands the environment of $(shell), so this comes before the first one.
ifdef ARGS
override ARGS := $(value ARGS)
endif
# What goes with a service. An environment may have such names of its own, so only what the command line says counts.
SERVICE_WORDS := COMMAND ENV FILES WORKDIR WRITABLE CAPABILITIES HEALTH RUN_AS STOP_SIGNAL SYS CALLS MEMFD
said = $(if $(filter command override,$(firstword $(origin $1))),$(value $1))
$(foreach word,$(SERVICE_WORDS),$(if $(call said,$(word)),$(eval override $(word) := $$(value $(word)))$(eval export $(word))))

APPLIANCE ?= kms-relay
ARCH      ?= x86_64
PLATFORM  ?= virtual
DEBUG     ?= 0
SMP       ?= 0
HARDEN    ?= 0
STRICT    ?= 0
V         ?= 0

JOBS  := $(shell nproc)
BUILD := build/$(ARCH)
OUT   := out
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/thimble

ifneq ($(words $(CURDIR))$(findstring :,$(CURDIR)),1)
$(error $(CURDIR): Linux is not built below a folder with a space or a colon in its name. \
	What helps: move the tree)
endif
unwritable := $(shell for folder in . build $(BUILD) $(OUT); do test ! -e $$folder -o -w $$folder || echo $$folder; done)
ifneq ($(if $(filter-out help,$(or $(MAKECMDGOALS),image)),$(unwritable)),)
$(error $(abspath $(firstword $(unwritable))): this user may not write there. \
	What helps: give tree, build and out to whoever builds, by chown -R: root may have built here)
endif

export LC_ALL := C
export TZ     := UTC
# One fixed time for all files that the build writes into a result.
export SOURCE_DATE_EPOCH := 1767225600

ARCHES := $(patsubst mk/arch/%.mk,%,$(sort $(wildcard mk/arch/*.mk)))
ifeq ($(filter $(ARCH),$(ARCHES)),)
$(error ARCH=$(ARCH): not supported; one of: $(ARCHES))
endif
include mk/arch/$(ARCH).mk
# What the names of compiler and binutils begin with.
CROSS := $(if $(filter-out $(shell uname -m),$(ARCH)),$(ARCH)-linux-gnu-)
COMPRESS ?= $(firstword $(COMPRESSORS))
ifeq ($(filter $(COMPRESS),$(COMPRESSORS)),)
$(error COMPRESS=$(COMPRESS): one of: $(COMPRESSORS))
endif
# virtual: the fragments that are always there; the others add kernel/platform/PLATFORM.config to them.
PLATFORMS := virtual $(sort $(patsubst kernel/platform/%.config,%,$(wildcard kernel/platform/*.config)))
ifeq ($(filter $(PLATFORM),$(PLATFORMS)),)
$(error PLATFORM=$(PLATFORM): one of: $(PLATFORMS))
endif
# Kernels that differ by a fragment: kernel/NAME.config. In the order of the suffix, which results and the kernel's folder have.
kernel_variants := $(if $(filter 1,$(SMP)),smp) $(if $(filter 1,$(HARDEN)),harden)
variant_suffix  := $(subst $() ,,$(patsubst %,-%,$(kernel_variants)))
platform_suffix := $(if $(filter-out virtual,$(PLATFORM)),-$(PLATFORM))$(variant_suffix)
$(foreach flag,DEBUG SMP HARDEN STRICT V,$(if $(filter 0 1,$($(flag))),,$(error $(flag)=$($(flag)): 0 or 1)))

# V=1 shows the commands; otherwise one line a step.
ifeq ($(V),0)
Q := @
say = @printf '  %-8s %s\n' '$1' '$2'
else
Q :=
say = @:
endif

# $(call update,FILE): replaces FILE by FILE.new when they differ, so that nothing is rebuilt for nothing.
update = if cmp -s $1.new $1; then rm $1.new; else mv $1.new $1; fi

.PHONY: clean
clean:
	rm -rf build out
# The value of a variable: make print-BUILD.
print-%:
	$(info $($*))@:
