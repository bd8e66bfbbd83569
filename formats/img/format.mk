img_WHAT  := raw disk: GPT, one EFI system partition, boots by BIOS and UEFI
img_FOR   := clouds, bhyve, `dd`
img_FROM  := efi
img_WITH  := $(esp_with)
img_NEEDS := $(esp_needs)
img_TOOLS := $(esp_tools)
img_QEMU  := raw

# What disks of hypervisors are made of.
$(DISK): $(IMAGE) $(IMAGE_BUILD)/signer $(wildcard formats/img/*) $(img_NEEDS) | deps-images
	$(Q)formats/img/build $< $@.new $(img_WITH) whole && mv $@.new $@
