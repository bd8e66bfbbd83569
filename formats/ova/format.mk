ova_WHAT  := OVF 1.1 package: one disk, one NIC, memory as the image needs, UEFI
ova_FOR   := ESXi, vCenter, Workstation, VirtualBox
ova_FROM  := vmdk
ova_WITH  := $(IMAGE_BUILD)/appliance.ovf
ova_NEEDS := $(IMAGE_BUILD)/appliance.ovf
ova_TOOLS := python3
ova_MAGIC := 257:7573746172

$(IMAGE_BUILD)/appliance.ovf: export OVF_OS_TYPE := $(OVF_OS_TYPE)
$(IMAGE_BUILD)/appliance.ovf: formats/ova/appliance.ovf.in $(KERNEL_IMAGE) FORCE
	$(Q)$(with_memory) tools/fill $< $@
