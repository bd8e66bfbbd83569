vhd_WHAT  := fixed, whole MiB, three at least
vhd_FOR   := Hyper-V generation 1, Azure
vhd_FROM  := disk
vhd_NEEDS := tools/disk-identity
vhd_TOOLS := qemu-utils python3
vhd_QEMU  := vpc
