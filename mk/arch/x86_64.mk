# What differs between processors; kernel/arch/$(ARCH).config has the kernel's part of it.
# needs: nothing
# makes: variables

# Debian's name of it, and containers' (GOARCH).
DEBIAN_ARCH := amd64
OCI_ARCH    := amd64
# Versions of the sources; binary packages are of one processor.
LOCK := sources.lock

# The kernel's name of it, what its make is asked for, and what then lies below its objects: to boot, and unpacked as ELF.
LINUX_ARCH  := x86_64
LINUX_GOAL  := bzImage
LINUX_IMAGE := arch/x86/boot/bzImage
LINUX_ELF   := arch/x86/boot/compressed/vmlinux.bin

# How it can be packed, the default first: kernel/compress.
COMPRESSORS := xz zstd lz4

# The removable path is \EFI\BOOT\UEFI_NAME (UEFI 2.10, 3.5.1.1). BIOS_LOADER: a package, or nothing where there is no BIOS.
UEFI_NAME   := BOOTX64.EFI
BIOS_LOADER := syslinux

# QEMU's package, and the machine of `make run`; tools/vm/machines.py has a row for one that needs more than its name.
QEMU_PACKAGE := qemu-system-x86
QEMU_MACHINE := q35

# What ESXi calls such a guest.
OVF_OS_TYPE := other5xLinux64Guest
