vdi_WHAT  := dynamic
vdi_FOR   := VirtualBox
vdi_FROM  := disk
vdi_NEEDS := tools/disk-identity
vdi_TOOLS := qemu-utils python3
vdi_QEMU  := vdi
vdi_MAGIC := 64:7f10dabe
