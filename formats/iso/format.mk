iso_WHAT  := hybrid: CD for BIOS and UEFI; written to a disk or USB stick as it is, that too
iso_FOR   := anything with a CD drive; `dd` to a stick
iso_FROM  := efi
iso_WITH  := $(esp_with)
iso_NEEDS := $(esp_needs)
iso_TOOLS := xorriso $(esp_tools)
iso_QEMU  := raw
