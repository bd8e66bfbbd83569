# The boot loader for BIOS, on disks and CDs; image/ says where it is used.
syslinux_DEBS    := syslinux syslinux-common isolinux
syslinux_LICENSE := GPL-2.0-or-later
syslinux_WHY     := boots the .iso and the disk images by BIOS
$(eval $(call debian-binary,syslinux))
