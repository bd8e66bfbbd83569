# The boot loader for BIOS, on disks and CDs; formats/img and formats/iso use it.
syslinux_DEBS    := syslinux syslinux-common isolinux
syslinux_LICENSE := GPL-2.0-or-later
syslinux_WHY     := boots the .iso and the disk images by BIOS
$(if $(BIOS_LOADER),$(eval $(call debian-binary,$(BIOS_LOADER))))
