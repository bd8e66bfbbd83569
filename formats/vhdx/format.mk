vhdx_WHAT  := dynamic; takes 2.1 MB of a disk
vhdx_FOR   := Hyper-V generation 2
vhdx_FROM  := disk
vhdx_NEEDS := tools/disk-identity
vhdx_TOOLS := qemu-utils python3
vhdx_QEMU  := vhdx
vhdx_MAGIC := 0:7668647866696c65
