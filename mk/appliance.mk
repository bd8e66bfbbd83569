# The appliance: what is in this image, as data. From appliances/$(APPLIANCE)/, or from BINARY=.
# needs: appliances/$(APPLIANCE)/appliance.mk and settings.conf; or BINARY=./daemon [ARGS=…] [PORT=8080/tcp]
# makes: $(IMAGE_NAME), $(SERVICE_PATH) and the SERVICE_* facts; $(IMAGE_BUILD)/appliance and settings.conf. In the guest
#        the executable is /usr/bin/$(SERVICE_EXECUTABLE).
#
# appliance.mk sets one of
#   SERVICE_PROGRAM    a program of this tree, src/NAME
#   SERVICE_PACKAGE    a package of packages/, with SERVICE_FILE, the executable in it
#   SERVICE_NONE       1: no service; tools/thimble-service puts one into the finished image
# and may set
#   SERVICE_ARGS       its arguments, as the setting service.args has them
#   SERVICE_PORTS      what it listens on, for people and for `make run`: 1688/tcp 53/udp. A port below 1024 gets the
#                      one capability that it needs.
#   SERVICE_PROCESSES  most processes and threads at once (64)
#   MEMORY_MB          memory that the guest is given where a form says so (what the image needs, 128 at least: mk/image.mk)
#   HELPER_PROGRAM     a program of this tree that runs beside the service: a row AS_HELPER of src/init/programs.def

# Set here, not where they are left out: a make that this one starts for another appliance finds ours in its environment.
SERVICE_PROCESSES := 64
SERVICE_ARGS      :=
MEMORY_MB         :=
HELPER_PROGRAM    :=

define newline


endef
ifdef BINARY
ifneq ($(words $(BINARY))$(strip $(foreach mark,$$ ' " \,$(findstring $(mark),$(value BINARY)))),1)
$(error BINARY=$(value BINARY): a path without blanks, quotes, $$ and \)
endif
ifneq ($(findstring $(newline),$(ARGS)),)
$(error ARGS=: a line break cannot be passed to a service)
endif
APPLIANCE_NAME    := $(shell printf '%s' '$(basename $(notdir $(BINARY)))' | tr -c 'A-Za-z0-9._-' '-')
SERVICE_BINARY    := $(BINARY)
SERVICE_EXECUTABLE := $(shell printf '%s' '$(notdir $(BINARY))' | tr -c 'A-Za-z0-9._+-' '-')
SERVICE_ARGS      := $(ARGS)
appliance_origin  := ARGS
SERVICE_PORTS     := $(PORT)
appliance_files   := mk/appliance.mk
appliance_settings := /dev/null
else
APPLIANCES := $(patsubst appliances/%/appliance.mk,%,$(sort $(wildcard appliances/*/appliance.mk)))
ifeq ($(filter $(APPLIANCE),$(APPLIANCES)),)
$(error APPLIANCE=$(APPLIANCE): there is no appliances/$(APPLIANCE)/appliance.mk; one of: $(APPLIANCES))
endif
APPLIANCE_NAME    := $(APPLIANCE)
include appliances/$(APPLIANCE)/appliance.mk
appliance_files   := mk/appliance.mk $(wildcard appliances/$(APPLIANCE)/*)
appliance_settings := appliances/$(APPLIANCE)/settings.conf
appliance_origin  := appliances/$(APPLIANCE)
endif

ifneq ($(filter-out $(call programs_when,AS_HELPER),$(HELPER_PROGRAM)),)
$(error HELPER_PROGRAM=$(HELPER_PROGRAM): not a row AS_HELPER of src/init/programs.def; one of: \
	$(call programs_when,AS_HELPER))
endif

IMAGE_NAME        := $(APPLIANCE_NAME)$(platform_suffix)$(if $(filter 1,$(DEBUG)),-debug)
# In a folder of its own kind: a service may be called bin or linux.
IMAGE_BUILD       := $(BUILD)/images/$(IMAGE_NAME)

# Ports are numbers from 1 to 65535 with their protocol.
bad_ports := $(shell printf '%s\n' $(SERVICE_PORTS) | grep -vxE '([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])/(tcp|udp)')
ifneq ($(bad_ports),)
$(error PORT=$(bad_ports): a port is NUMBER/tcp or NUMBER/udp, the number from 1 to 65535, as PORT=8080/tcp)
endif
twice := $(shell printf '%s\n' $(SERVICE_PORTS) | sort | uniq -d)
ifneq ($(twice),)
$(error PORT=$(SERVICE_PORTS): $(twice) stands there twice)
endif
# The status page's, where the service has not taken it.
STATUS_PORT := $(firstword $(filter-out $(patsubst %/tcp,%,$(filter %/tcp,$(SERVICE_PORTS))),80 8080 8081 8082 8083))
STATUS_SETTING := $(if $(filter-out 80,$(STATUS_PORT)),status-port = $(STATUS_PORT))
low_ports := $(shell printf '%s\n' $(SERVICE_PORTS) | awk -F/ '$$1 > 0 && $$1 < 1024')
SERVICE_CAPABILITIES := $(if $(low_ports),net_bind_service)

ifdef SERVICE_PROGRAM
SERVICE_NAME := $(SERVICE_PROGRAM)
SERVICE_EXECUTABLE := $(SERVICE_PROGRAM)
SERVICE_PATH := $(BUILD)/bin/$(SERVICE_PROGRAM)
else ifdef SERVICE_PACKAGE
SERVICE_NAME := $(notdir $(SERVICE_FILE))
SERVICE_EXECUTABLE := $(SERVICE_NAME)
SERVICE_PATH := $(BUILD)/packages/$(SERVICE_PACKAGE)/root/$(SERVICE_FILE)
else ifdef SERVICE_NONE
SERVICE_NAME :=
SERVICE_PATH :=
else
SERVICE_NAME := $(APPLIANCE_NAME)
SERVICE_PATH := $(IMAGE_BUILD)/service
# Refused with the reason when the guest could not run it.
$(SERVICE_PATH): FORCE | deps-build
	$(Q)tools/check-binary --arch $(ARCH) '$(SERVICE_BINARY)'
	$(Q)mkdir -p $(@D)
	$(Q)cmp -s '$(SERVICE_BINARY)' $@ || cp '$(SERVICE_BINARY)' $@
# Before the long steps.
$(BUILD)/sources.fetched: | $(SERVICE_PATH)
endif
$(BUILD)/sources.fetched: | $(IMAGE_BUILD)/settings.conf $(IMAGE_BUILD)/site.conf

# The facts and the default settings change with the command line (ARGS=, DEBUG=), so they are written each time and
# replaced only when they differ.
export APPLIANCE_NAME VERSION ARCH DEBUG SERVICE_NAME SERVICE_PORTS SERVICE_CAPABILITIES SERVICE_PROCESSES
export SERVICE_ARGS HELPER_PROGRAM STATUS_PORT STATUS_SETTING

$(IMAGE_BUILD)/appliance: rootfs/appliance.in FORCE
	$(Q)tools/fill $< $@

# What the guest would refuse is refused here.
$(IMAGE_BUILD)/settings.conf: rootfs/settings.conf.in $(appliance_settings) $(BUILD)/tools/check-settings FORCE
	$(Q)APPLIANCE_SETTINGS="$$(cat $(appliance_settings))" tools/fill $< $@
	$(Q)$(BUILD)/tools/check-settings '$(appliance_origin)' < $@ || { rm $@; exit 1; }

# Settings of this site, baked in by CONFIG=.
ifneq ($(CONFIG),$(wildcard $(CONFIG)))
$(error CONFIG=$(CONFIG): there is no such file)
endif
$(IMAGE_BUILD)/site.conf: $(CONFIG) $(BUILD)/tools/check-settings FORCE
	$(Q)mkdir -p $(@D)
	$(Q)cat /dev/null $(CONFIG) | $(BUILD)/tools/check-settings '$(CONFIG)'
	$(Q)cat /dev/null $(CONFIG) > $@.new
	$(Q)$(call update,$@)

.PHONY: FORCE
FORCE:
