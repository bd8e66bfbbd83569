vmlinux_WHAT := uncompressed ELF with the PVH entry
vmlinux_FOR  := Firecracker, Cloud Hypervisor, QEMU's `-kernel`
vmlinux_FROM := elf
