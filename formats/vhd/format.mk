vhd_WHAT  := fixed, whole MiB, three at least
vhd_FOR   := Hyper-V generation 1, Azure
vhd_FROM  := disk
vhd_NEEDS := tools/disk-identity
vhd_TOOLS := qemu-utils python3
vhd_QEMU  := vpc
vhd_MAGIC := -512:636f6e6563746978
