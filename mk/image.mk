# The one file, and what it costs.
# needs: $(OUT)/$(IMAGE_NAME)-$(ARCH).efi from mk/kernel.mk
# makes: out/NAME-ARCH.efi and .manifest

IMAGE := $(OUT)/$(IMAGE_NAME)-$(ARCH).efi

.PHONY: image size manifest clean distclean
image: $(IMAGE) $(IMAGE:.efi=.manifest)
	$(Q)printf '  %-8s %s, %s bytes\n' IMAGE $(IMAGE) "$$(stat -c %s $(IMAGE))"

manifest: $(IMAGE:.efi=.manifest)
$(IMAGE:.efi=.manifest): $(IMAGE_BUILD)/rootfs.cpio $(SOURCES_USED) tools/guest-files
	$(Q)mkdir -p $(@D)
	$(Q)$(rootfs_environment) tools/guest-files manifest $(IMAGE_BUILD)/manifest $(SOURCES_USED) > $@

size: $(IMAGE)
	$(Q)$(rootfs_environment) tools/guest-files size $(IMAGE_BUILD)/manifest $(IMAGE)

clean:
	rm -rf build out
