# The appliance: what is in this image, as data. From appliances/$(APPLIANCE)/, or from BINARY=, ROOT= or CONTAINER=.
# needs: appliances/$(APPLIANCE)/appliance.mk and settings.conf; or what was said
# makes: $(IMAGE_NAME), the SERVICE_* facts, $(IMAGE_BUILD)/archive; of an image with a kernel of its own $(BASE_BUILD)/appliance,
#        settings.conf and site.conf
#
# A service has a root of its own, in an archive behind the kernel (tools/thimble-service): its image is that of the appliance
# `slot` with the archive put in, and nothing is linked. A program of this tree is in the kernel's own root instead.
#
# appliance.mk sets one of
#   SERVICE_PROGRAM    a program of this tree, src/NAME
#   SERVICE_PACKAGE    a package of packages/, with SERVICE_FILE, the executable in it
#   SERVICE_NONE       1: no service; tools/thimble-service puts one into the finished image
# and may set
#   SERVICE_ARGS       its arguments, as the setting service.args has them
#   SERVICE_PORTS      what it listens on, for people and for `make run`: 1688/tcp 53/udp
#   SERVICE_PROCESSES  most processes and threads at once, of a program of this tree (64)
#   SERVICE_SEES       the folders of records that it reads, of a program of this tree (init: its settings)
#   MEMORY_MB          memory that the guest is given where a form says so (what the image needs, 128 at least: mk/image.mk)
#   HELPER_PROGRAM     a program of this tree that runs beside the service: a row AS_HELPER of src/init/programs.def

# Set here, not where they are left out: a make that this one starts for another appliance finds ours in its environment.
SERVICE_PROCESSES := 64
SERVICE_SEES      := init
SERVICE_ARGS      :=
MEMORY_MB         :=
HELPER_PROGRAM    :=

define newline


endef
# What a service comes from. ROOT and CONTAINER are names that an environment may have: only those of the command line count.
given := $(strip $(if $(BINARY),BINARY) $(foreach word,ROOT CONTAINER,$(if $(call said,$(word)),$(word))))
ifneq ($(word 2,$(given)),)
$(error $(foreach word,$(given),$(word)=): one of them, not several)
endif
ifdef given
service_source := $(value $(given))
ifneq ($(words $(service_source))$(strip $(foreach mark,$$ ' " \,$(findstring $(mark),$(service_source)))),1)
$(error $(given)=$(service_source): a path without blanks, quotes, $$ and \)
endif
ifneq ($(findstring $(newline),$(ARGS)),)
$(error ARGS=: a line break cannot be passed to a service)
endif
# Of ./nginx.bin, ./nginx.tar.gz and ./nginx/ it is nginx.
service_file := $(notdir $(abspath $(service_source)))
service_name := $(if $(filter BINARY,$(given)),$(basename $(service_file)),$(if $(filter CONTAINER,$(given)),$(shell \
	printf '%s' '$(service_file)' | sed -E 's/(\.(tar|tgz|oci|docker|gz|zst))*$$//'),$(service_file)))
APPLIANCE_NAME    := $(shell printf '%s' '$(service_name)' | tr -c 'A-Za-z0-9._-' '-')
SERVICE_BINARY    := $(BINARY)
SERVICE_EXECUTABLE := $(shell printf '%s' '$(notdir $(BINARY))' | tr -c 'A-Za-z0-9._+-' '-')
SERVICE_ARGS      := $(ARGS)
SERVICE_PORTS     := $(PORT)
appliance_files   := mk/appliance.mk
else
APPLIANCES := $(patsubst appliances/%/appliance.mk,%,$(sort $(wildcard appliances/*/appliance.mk)))
ifeq ($(filter $(APPLIANCE),$(APPLIANCES)),)
$(error APPLIANCE=$(APPLIANCE): there is no appliances/$(APPLIANCE)/appliance.mk; one of: $(APPLIANCES))
endif
APPLIANCE_NAME    := $(APPLIANCE)
include appliances/$(APPLIANCE)/appliance.mk
appliance_files   := mk/appliance.mk $(wildcard appliances/$(APPLIANCE)/*)
appliance_settings := appliances/$(APPLIANCE)/settings.conf
endif
# Has an archive with its service, and the kernel of another.
packed := $(if $(given)$(SERVICE_PACKAGE),1)

ifneq ($(filter-out $(call programs_when,AS_HELPER),$(HELPER_PROGRAM)),)
$(error HELPER_PROGRAM=$(HELPER_PROGRAM): not a row AS_HELPER of src/init/programs.def; one of: \
	$(call programs_when,AS_HELPER))
endif

image_suffix      := $(platform_suffix)$(if $(filter 1,$(DEBUG)),-debug)
IMAGE_NAME        := $(APPLIANCE_NAME)$(image_suffix)
# In a folder of its own kind: a service may be called bin or linux.
IMAGE_BUILD       := $(BUILD)/images/$(IMAGE_NAME)
# Whose kernel it has.
BASE_BUILD        := $(if $(packed),$(BUILD)/images/slot$(image_suffix),$(IMAGE_BUILD))
ifneq ($(if $(packed),$(filter slot,$(APPLIANCE_NAME))),)
$(error $(given)=$(service_source): slot is the name of the image without a service; give the file another name)
endif

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
else ifeq ($(given),BINARY)
SERVICE_NAME := $(APPLIANCE_NAME)
SERVICE_PATH := $(IMAGE_BUILD)/service
# For a container.
$(SERVICE_PATH): FORCE | deps-build
	$(Q)tools/check-binary --arch $(ARCH) '$(SERVICE_BINARY)'
	$(Q)mkdir -p $(@D)
	$(Q)cmp -s '$(SERVICE_BINARY)' $@ || cp '$(SERVICE_BINARY)' $@
else
SERVICE_NAME := $(if $(given),$(APPLIANCE_NAME))
SERVICE_PATH :=
endif
$(BUILD)/sources.fetched: | $(IMAGE_BUILD)/settings.conf $(IMAGE_BUILD)/site.conf

# The facts and the default settings change with the command line (ARGS=, DEBUG=), so they are written each time and
# replaced only when they differ.
export APPLIANCE_NAME VERSION ARCH DEBUG SERVICE_NAME SERVICE_PORTS SERVICE_CAPABILITIES SERVICE_PROCESSES SERVICE_SEES
export SERVICE_ARGS HELPER_PROGRAM STATUS_PORT STATUS_SETTING

$(IMAGE_BUILD)/appliance: rootfs/appliance.in FORCE
	$(Q)tools/fill $< $@

# What the guest would refuse is refused here.
$(IMAGE_BUILD)/settings.conf: rootfs/settings.conf.in $(appliance_settings) $(BUILD)/tools/check-settings FORCE
	$(Q)APPLIANCE_SETTINGS="$$(cat /dev/null $(appliance_settings))" tools/fill $< $@
	$(Q)$(BUILD)/tools/check-settings '$(or $(given:%=ARGS),appliances/$(APPLIANCE))' < $@ || { rm $@; exit 1; }

# Settings of this site, baked in by CONFIG=.
ifneq ($(CONFIG),$(wildcard $(CONFIG)))
$(error CONFIG=$(CONFIG): there is no such file)
endif
$(IMAGE_BUILD)/site.conf: $(CONFIG) $(BUILD)/tools/check-settings FORCE
	$(Q)mkdir -p $(@D)
	$(Q)cat /dev/null $(CONFIG) | $(BUILD)/tools/check-settings '$(CONFIG)'
	$(Q)cat /dev/null $(CONFIG) > $@.new
	$(Q)$(call update,$@)

ifdef packed
# Facts and settings of the image that the archive goes into.
base_facts := $(addprefix $(BASE_BUILD)/,appliance settings.conf)
$(base_facts): export APPLIANCE_NAME := slot
$(foreach word,SERVICE_NAME SERVICE_PORTS SERVICE_CAPABILITIES SERVICE_ARGS HELPER_PROGRAM STATUS_SETTING APPLIANCE_SETTINGS,\
	$(eval $(base_facts): export $(word) :=))
$(base_facts): export SERVICE_PROCESSES := 64
$(base_facts): $(BASE_BUILD)/%: rootfs/%.in FORCE
	$(Q)tools/fill $< $@
$(BASE_BUILD)/site.conf: FORCE
	$(Q)mkdir -p $(@D)
	$(Q): > $@.new
	$(Q)$(call update,$@)

# What does not go in is refused with the reason, before the long steps.
service_option_FILES := --file
service_option_RUN_AS := --user
service_option_STOP_SIGNAL := --stop-signal
service_option_SYS := --sys
service_option = $(or $(service_option_$1),--$(shell echo $1 | tr A-Z a-z))
service_options = $(foreach word,$(SERVICE_WORDS),$(if $(call said,$(word)),$(call service_option,$(word)) \
	$(if $(filter SYS MEMFD,$(word)),,"$$$(word)"))) \
	$(if $(SERVICE_ARGS),--args "$$SERVICE_ARGS") $(if $(SERVICE_PORTS),--port '$(SERVICE_PORTS)') \
	$(if $(CONFIG),--config $(IMAGE_BUILD)/site.conf)
ifdef SERVICE_PACKAGE
service_from = --binary '$(SERVICE_PATH)' --service '$(SERVICE_NAME)' --settings $(IMAGE_BUILD)/settings.conf --no-certificates --compress xz
else
service_from = --$(shell echo $(given) | tr A-Z a-z) '$(service_source)'
$(BUILD)/sources.fetched: | $(IMAGE_BUILD)/archive
endif
$(IMAGE_BUILD)/archive: $(if $(SERVICE_PACKAGE),$(SERVICE_PATH)) $(IMAGE_BUILD)/settings.conf $(IMAGE_BUILD)/site.conf \
		$(wildcard tools/service/*.py rootfs/service/*) FORCE | deps-build
	$(Q)tools/thimble-service --from-make --arch $(ARCH) $(service_from) --name '$(APPLIANCE_NAME)' $(service_options) \
		--archive-out $@.new > $@.log
	$(Q)$(call update,$@)
endif

.PHONY: FORCE
FORCE:
