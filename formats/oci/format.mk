# The same service for engines that share the host's kernel.
# needs: $(BUILD)/bin/entry and the helper's program, $(SERVICE_PATH), the appliance's facts and settings; no kernel
# makes: out/NAME-ARCH.oci.tar, an OCI image layout

oci_WHAT   := container image (OCI layout)
oci_FOR    := [container engines](containers.md)
oci_SUFFIX := oci.tar

OCI       := $(call result,oci)
OCI_BUILD := $(IMAGE_BUILD)/oci

oci_manifests := formats/oci/manifest $(if $(HELPER_PROGRAM),formats/oci/manifest.helper)
oci_users     := root service $(HELPER_PROGRAM)
empty         :=
oci_pattern   := ^($(subst $(empty) $(empty),|,$(strip $(oci_users)))):

# Without privileges from the start, but where a port needs one: not every engine opens those below 1024 to everybody.
oci_user = $(if $(SERVICE_CAPABILITIES),0:0,$(call user_number,service):$(call user_number,service))

# What appliance.mk says of itself at its head; the licences of what is in the image, not known of a BINARY.
oci_description = $(if $(BINARY),,$(shell sed -n '1s/^\# [^:]*: *//p' appliances/$(APPLIANCE)/appliance.mk))
oci_licenses    = $(if $(BINARY),,MIT$(if $(SERVICE_PACKAGE), AND ($($(SERVICE_PACKAGE)_LICENSE))))

$(OCI_BUILD)/passwd $(OCI_BUILD)/group: $(OCI_BUILD)/%: $(BUILD)/etc/% formats/oci/format.mk FORCE
	$(Q)mkdir -p $(@D)
	$(Q)grep -E '$(oci_pattern)' $< > $@.new
	$(Q)$(call update,$@)

ifneq ($(filter ROOT CONTAINER,$(given)),)
$(OCI):
	@echo '$(given)= with oci: what an engine runs is there already' >&2; exit 1
else
$(OCI): export OCI_DESCRIPTION = $(oci_description)
$(OCI): formats/oci/build $(oci_manifests) $(BUILD)/bin/entry $(addprefix $(BUILD)/bin/,$(HELPER_PROGRAM)) $(SERVICE_PATH) \
		$(addprefix $(IMAGE_BUILD)/,appliance settings.conf site.conf) $(OCI_BUILD)/passwd $(OCI_BUILD)/group \
		$(appliance_files) formats/oci/format.mk
	$(Q)sed $(fill_manifest) $(oci_manifests) > $(OCI_BUILD)/manifest
	$(Q)$(rootfs_environment) IMAGE=$(IMAGE_BUILD) SERVICE=$(SERVICE_PATH) formats/oci/build $(OCI_BUILD)/manifest $@ --name '$(APPLIANCE_NAME)' --version '$(VERSION)' \
		--arch $(OCI_ARCH) --user $(oci_user) $(addprefix --port ,$(SERVICE_PORTS)) \
		--description "$$OCI_DESCRIPTION" --licenses '$(oci_licenses)'
endif
