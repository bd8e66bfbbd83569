# The guest's root: one cpio from one reviewable manifest, made without root, the same bytes each time.
# needs: rootfs/, programs, packages, the appliance's facts and settings; gen_init_cpio from the kernel's source
# makes: $(IMAGE_BUILD)/rootfs.cpio

GUEST_PROGRAMS := init net log console $(HELPER_PROGRAM)
rootfs_manifests := rootfs/manifest $(if $(HELPER_PROGRAM),rootfs/manifest.helper) $(if $(filter 1,$(DEBUG)),rootfs/manifest.debug)
rootfs_packages  := dhcpcd $(if $(filter 1,$(DEBUG)),busybox)
rootfs_environment = BIN=$(BUILD)/bin PACKAGES=$(BUILD)/packages IMAGE=$(IMAGE_BUILD) SERVICE=$(SERVICE_PATH)

GEN_INIT_CPIO := $(BUILD)/tools/gen_init_cpio
$(GEN_INIT_CPIO): $(BUILD)/linux-src/.unpacked
	$(Q)mkdir -p $(@D)
	$(Q)$(HOST_GCC) -O2 -o $@ $(BUILD)/linux-src/usr/gen_init_cpio.c

$(IMAGE_BUILD)/rootfs.cpio: $(GEN_INIT_CPIO) $(rootfs_manifests) $(wildcard rootfs/etc/*) $(SERVICE_PATH) mk/rootfs.mk \
		$(addprefix $(BUILD)/bin/,$(GUEST_PROGRAMS)) $(foreach package,$(rootfs_packages),$(BUILD)/packages/$(package)/.done) \
		$(addprefix $(IMAGE_BUILD)/,appliance settings.conf site.conf)
	$(call say,ROOTFS,$@)
	$(Q)sed 's|@HELPER_PROGRAM@|$(HELPER_PROGRAM)|g' $(rootfs_manifests) > $(@D)/manifest
	$(Q)$(rootfs_environment) $(GEN_INIT_CPIO) -t $(SOURCE_DATE_EPOCH) $(@D)/manifest > $@
