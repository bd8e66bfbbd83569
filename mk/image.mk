# The one file, signed when SIGN_KEY= and SIGN_CERT= are given, and what it costs.
# needs: $(KERNEL_IMAGE) from mk/kernel.mk
# makes: out/NAME-ARCH.efi and .manifest; $(with_memory)

IMAGE := $(OUT)/$(IMAGE_NAME)-$(ARCH).efi

ifneq ($(if $(SIGN_KEY),1),$(if $(SIGN_CERT),1))
$(error SIGN_KEY=$(SIGN_KEY) SIGN_CERT=$(SIGN_CERT): both or none, as PEM files)
endif
$(foreach file,$(SIGN_KEY) $(SIGN_CERT),$(if $(wildcard $(file)),,$(error $(file): there is no such file)))

$(if $(SIGN_KEY),$(call deps_first,sign,%))
# With whose key it is signed, as the certificate has it.
$(IMAGE_BUILD)/signer: $(SIGN_KEY) $(SIGN_CERT) FORCE
	$(Q)mkdir -p $(@D)
	$(Q)cat /dev/null $(SIGN_CERT) > $@.new
	$(Q)$(call update,$@)

$(IMAGE): $(KERNEL_IMAGE) $(IMAGE_BUILD)/signer $(if $(SIGN_KEY),| deps-sign)
	$(Q)mkdir -p $(@D)
ifdef SIGN_KEY
	$(call say,SIGN,$@)
	$(Q)sbsign --key $(SIGN_KEY) --cert $(SIGN_CERT) --output $@.new $< 2> $(IMAGE_BUILD)/sbsign.log || \
		{ cat $(IMAGE_BUILD)/sbsign.log >&2; exit 1; }
	$(Q)mv $@.new $@
else
	$(Q)cp $< $@
endif

service_archive := $(if $(packed),--archive $(IMAGE_BUILD)/archive)
# In front of a command that asks for memory: MEMORY_RUN and MEMORY_MB, worked out from what is in $(KERNEL_IMAGE).
with_memory = needs="$$(tools/image-memory $(BASE_BUILD)/rootfs.cpio $(KERNEL_IMAGE) $(service_archive) $(MEMORY_MB))" && eval "$$needs" &&

.PHONY: image size manifest
image: $(IMAGE) $(IMAGE:.efi=.manifest)
	$(Q)$(with_memory) printf '  %-8s %s, %s bytes, needs %s\n' IMAGE $(IMAGE) "$$(stat -c %s $(IMAGE))" "$$MEMORY_NEEDED"

manifest: $(IMAGE:.efi=.manifest)
$(IMAGE:.efi=.manifest): $(BASE_BUILD)/rootfs.cpio $(if $(packed),$(IMAGE_BUILD)/archive) $(SOURCES_USED) tools/guest-files
	$(Q)mkdir -p $(@D)
	$(Q)$(rootfs_environment) tools/guest-files manifest $(BASE_BUILD)/manifest $(SOURCES_USED) $(service_archive) > $@

size: $(IMAGE)
	$(Q)$(rootfs_environment) tools/guest-files size $(BASE_BUILD)/manifest $(IMAGE) $(service_archive)
