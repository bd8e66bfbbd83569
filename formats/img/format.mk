img_WHAT  := raw disk: GPT, one EFI system partition, boots by BIOS and UEFI
img_FOR   := clouds, bhyve, `dd`
img_FROM  := efi
img_WITH  := $(esp_with)
img_NEEDS := $(esp_needs)
img_TOOLS := mtools dosfstools fdisk
img_QEMU  := raw

# The same in whole MiB: what Hyper-V and Azure ask for; three: Hyper-V makes none that is smaller.
$(DISK): $(IMAGE) $(IMAGE_BUILD)/signer $(wildcard formats/img/*) $(img_NEEDS) | deps-images
	$(Q)formats/img/build $< $@.new $(img_WITH) 1048576 3145728 && mv $@.new $@
