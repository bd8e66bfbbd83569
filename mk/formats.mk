# The one file in the form that each hypervisor takes, and as a container. One folder in formats/ for each form.
# needs: $(IMAGE), $(KERNEL_ELF); the boot loader for BIOS from the packages in packages/syslinux
# makes: out/NAME-ARCH.FORMAT; $(DISK), what the disks of hypervisors are made of
#
# formats/NAME/build INPUT RESULT [WITH...] makes RESULT. formats/NAME/format.mk sets
#   NAME_WHAT    one line: what it is
#   NAME_FOR     who takes it
#   NAME_FROM    INPUT: efi, the one file; disk, $(DISK); elf, the kernel unpacked; or another format. What has none is no
#                image of a machine: not one of `make images`, and its own rules are in its format.mk
# and may set
#   NAME_WITH    further words for build
#   NAME_NEEDS   what else must be there first
#   NAME_TOOLS   Debian packages with what build runs
#   NAME_SUFFIX  what the result ends in (NAME)
# and for those that read an image (tools/image/formats.py, so these are plain words)
#   NAME_QEMU    its name in QEMU, when that reads it
#   NAME_MAGIC   OFFSET:BYTES in hexadecimal, by which the file is known when the one file is not in it as it is; an OFFSET
#                below 0 counts from its end. It is read by QEMU; or formats/NAME/unpack IMAGE FOLDER writes disk.FROM and WITH's files to FOLDER

FORMATS := $(patsubst formats/%/format.mk,%,$(sort $(wildcard formats/*/format.mk)))
result = $(OUT)/$(IMAGE_NAME)-$(ARCH).$(or $($1_SUFFIX),$1)
DISK := $(IMAGE_BUILD)/disk.raw
# Empty where there is no BIOS.
SYSLINUX := $(if $(BIOS_LOADER),$(BUILD)/syslinux)
# What a system partition is made with, and what else it needs; mtools: the boot loader's own installer.
esp_with  = $(UEFI_NAME) '$(SYSLINUX)'
esp_needs = $(wildcard tools/image/*.py) $(SYSLINUX:%=%/.done)
esp_tools = python3 $(if $(SYSLINUX),mtools)
include $(FORMATS:%=formats/%/format.mk)

IMAGE_FORMATS := $(strip $(foreach format,$(FORMATS),$(if $($(format)_FROM),$(format))))
.PHONY: images $(FORMATS)
$(call deps_first,images,images $(foreach format,$(FORMATS),$(if $($(format)_TOOLS),$(format))))
images: image $(IMAGE_FORMATS)

define format_target
$1: $(call result,$1)
	$$(Q)printf '  %-8s %s, %s bytes\n' IMAGE $$< "$$$$(stat -c %s $$<)"
endef
$(foreach format,$(FORMATS),$(eval $(call format_target,$(format))))

format_from_efi  := $(IMAGE)
format_from_disk := $(DISK)
format_from_elf  := $(KERNEL_ELF)
format_input = $(or $(format_from_$($1_FROM)),$(call result,$($1_FROM)))
define format_rule
$(call result,$1): $(call format_input,$1) $(wildcard formats/$1/*) $($1_NEEDS) | $(if $($1_TOOLS),deps-images)
	$$(Q)mkdir -p $$(@D)
	$$(Q)formats/$1/build $$< $$@.new $($1_WITH) && mv $$@.new $$@
endef
$(foreach format,$(IMAGE_FORMATS),$(eval $(call format_rule,$(format))))

$(BUILD)/syslinux/.done: export UEFI_NAME := $(UEFI_NAME)
$(BUILD)/syslinux/.done: $(foreach package,$(syslinux_DEBS),$(BUILD)/sources/deb/$(package)) packages/syslinux/syslinux.cfg.in tools/boot-loader tools/image/fat.py \
		mk/formats.mk | deps-build deps-images
	$(Q)rm -rf $(@D) && mkdir -p $(@D)/all
	$(Q)for deb in $(foreach package,$(syslinux_DEBS),$(call source_file,$(package))); do \
		dpkg-deb -x "$$deb" $(@D)/all || exit 1; done
	$(Q)cd $(@D)/all/usr && cp bin/syslinux lib/ISOLINUX/isolinux.bin lib/ISOLINUX/isohdpfx.bin lib/syslinux/mbr/gptmbr.bin \
		lib/syslinux/modules/bios/ldlinux.c32 ../..
	$(Q)rm -rf $(@D)/all
	$(Q)tools/boot-loader $(@D)/syslinux $(@D)/loader.bin
	$(Q)tools/fill packages/syslinux/syslinux.cfg.in $(@D)/syslinux.cfg
	$(Q)touch $@
