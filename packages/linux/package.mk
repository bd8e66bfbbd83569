# The kernel's source, with Debian's security patches applied. kernel/ says how it is configured, mk/kernel.mk how built.
linux_DEBS    := linux-source-6.12
linux_LICENSE := GPL-2.0-only WITH Linux-syscall-note
linux_WHY     := the kernel
$(eval $(call debian-binary,linux))
