# The one file in the form that each hypervisor takes. One folder in image/ for each form.
# needs: $(IMAGE), $(KERNEL_ELF); the boot loader for BIOS from the packages in packages/syslinux
# makes: out/NAME-ARCH.FORMAT; $(IMAGE_BUILD)/disk.raw, what the disks of hypervisors are made of

FORMATS := iso img qcow2 vmdk ova vhd vhdx vdi vmlinux
result = $(OUT)/$(IMAGE_NAME)-$(ARCH).$1
DISK := $(IMAGE_BUILD)/disk.raw
SYSLINUX := $(BUILD)/syslinux

.PHONY: images $(FORMATS)
$(call deps_first,images,images $(filter-out vmlinux,$(FORMATS)))
images: image $(FORMATS)
$(FORMATS): %: $(call result,%)
	$(Q)printf '  %-8s %s, %s bytes\n' IMAGE $< "$$(stat -c %s $<)"

# $(call make_format,ARGUMENTS): runs the builder of the format that the result ends in.
make_format = $(Q)image/$(patsubst .%,%,$(suffix $@))/build $1 $@.new && mv $@.new $@

$(SYSLINUX)/.done: $(foreach package,$(syslinux_DEBS),$(BUILD)/sources/deb/$(package)) | deps-build
	$(Q)rm -rf $(@D) && mkdir -p $(@D)/all
	$(Q)for deb in $(foreach package,$(syslinux_DEBS),$(call source_file,$(package))); do \
		dpkg-deb -x "$$deb" $(@D)/all || exit 1; done
	$(Q)cd $(@D)/all/usr && cp bin/syslinux lib/ISOLINUX/isolinux.bin lib/ISOLINUX/isohdpfx.bin lib/syslinux/mbr/gptmbr.bin \
		lib/syslinux/modules/bios/ldlinux.c32 ../..
	$(Q)rm -rf $(@D)/all
	$(Q)touch $@

$(call result,iso) $(call result,img) $(DISK): $(IMAGE) $(SYSLINUX)/.done $(wildcard image/esp/*) | deps-images
$(call result,iso): $(wildcard image/iso/*)
	$(call make_format,$(IMAGE) $(SYSLINUX))
$(call result,img): $(wildcard image/img/*)
	$(call make_format,$(IMAGE) $(SYSLINUX))

# Whole MiB: what Hyper-V and Azure ask for; three: Hyper-V makes none that is smaller.
$(DISK): image/img/build $(IMAGE_BUILD)/signer mk/formats.mk
	$(Q)image/img/build $(IMAGE) $(SYSLINUX) $@.new 1048576 3145728 && mv $@.new $@

$(foreach format,qcow2 vmdk vhd vhdx vdi,$(eval $(call result,$(format)): image/$(format)/build image/identity))
$(foreach format,qcow2 vmdk vhd vhdx vdi,$(call result,$(format))): $(DISK) | deps-images
	$(call make_format,$(DISK))

$(IMAGE_BUILD)/appliance.ovf: image/ova/appliance.ovf.in $(KERNEL_IMAGE) FORCE
	$(Q)$(with_memory) tools/fill $< $@
$(call result,ova): $(IMAGE_BUILD)/appliance.ovf $(call result,vmdk) image/ova/build
	$(call make_format,$(IMAGE_BUILD)/appliance.ovf $(call result,vmdk))

# As it is: an ELF file with the note of the PVH entry, for those who start kernels without a boot loader.
$(call result,vmlinux): $(KERNEL_ELF)
	$(Q)mkdir -p $(@D) && cp $< $@
