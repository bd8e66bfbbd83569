# Toolchain: the host's gcc, or its cross compiler, with a musl sysroot.
# needs: musl-dev, linux-libc-dev from the sources
# makes: $(MUSL_CC), a compiler that makes static musl executables

SOURCE_PACKAGES += deb:musl-dev deb:linux-libc-dev

SYSROOT := $(BUILD)/sysroot
MUSL_TRIPLET := $(ARCH)-linux-musl
MUSL_CC := $(BUILD)/toolchain/cc
CCACHE := $(shell command -v ccache 2>/dev/null)
# HOST: for programs that run here. GUEST: for those in the guest.
HOST_GCC := gcc
HOST_AR := ar
GUEST_GCC := $(CROSS)gcc
GUEST_LD := $(CROSS)ld
GUEST_AR := $(CROSS)ar
GUEST_OBJCOPY := $(CROSS)objcopy

# Small first: one section a function, so that the linker can drop what nothing calls; no unwind
# tables, which nothing in the guest reads. Position-independent, so that nobody knows an address;
# packed, the relocations take 300 bytes.
MUSL_CFLAGS := -Os -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fno-unwind-tables \
	-fPIE -fstack-protector-strong -fno-plt -fno-ident -D_FORTIFY_SOURCE=0
MUSL_LDFLAGS := -static-pie -Wl,-z,pack-relative-relocs -Wl,--gc-sections -Wl,-z,relro,-z,now,-z,noexecstack \
	-Wl,--build-id=none -s

LIBC := $(SYSROOT)/usr/lib/$(MUSL_TRIPLET)/libc.a

$(SYSROOT)/.done: $(BUILD)/sources/deb/musl-dev $(BUILD)/sources/deb/linux-libc-dev packages/musl/res_mkquery.c
	$(call say,SYSROOT,$(SYSROOT))
	$(Q)rm -rf $(SYSROOT) && mkdir -p $(SYSROOT)
	$(Q)for deb in $(call source_files,deb:musl-dev) $(call source_files,deb:linux-libc-dev); do \
		dpkg-deb -x "$$deb" $(SYSROOT) || exit 1; done
	$(Q)rm -rf $(SYSROOT)/usr/share $(SYSROOT)/usr/bin
	$(Q)$(GUEST_AR) p $(LIBC) res_mkquery.lo > $(SYSROOT)/by_clock.o
	$(Q)$(GUEST_OBJCOPY) --redefine-sym __res_mkquery=mkquery_by_clock --strip-symbol res_mkquery $(SYSROOT)/by_clock.o
	$(Q)$(GUEST_GCC) $(MUSL_CFLAGS) -ffreestanding -Wall -Wextra -Werror -c -o $(SYSROOT)/res_mkquery.lo packages/musl/res_mkquery.c
	$(Q)$(GUEST_AR) rD $(LIBC) $(SYSROOT)/by_clock.o $(SYSROOT)/res_mkquery.lo
	$(Q)rm $(SYSROOT)/by_clock.o $(SYSROOT)/res_mkquery.lo
	$(Q)touch $@

# The specs that Debian's musl-dev brings name the host's root; ours names the sysroot. The kernel's headers come after musl's.
$(MUSL_CC): $(SYSROOT)/.done mk/toolchain.mk tools/musl-cc.in
	$(Q)mkdir -p $(@D)
	$(Q)sed -e 's|/usr/lib/$(MUSL_TRIPLET)|$(abspath $(SYSROOT))/usr/lib/$(MUSL_TRIPLET)|g' \
		-e 's|-isystem /usr/include/$(MUSL_TRIPLET)|-isystem $(abspath $(SYSROOT))/usr/include/$(MUSL_TRIPLET)|g' \
		-e 's|-isystem include%s|-isystem include%s -isystem $(abspath $(SYSROOT))/usr/include -isystem $(abspath $(SYSROOT))/usr/include/$(ARCH)-linux-gnu|' \
		$(SYSROOT)/usr/lib/$(MUSL_TRIPLET)/musl-gcc.specs > $(@D)/musl.specs
	$(Q)sed -e 's|@SPECS@|$(abspath $(@D))/musl.specs|' -e 's|@CC@|$(strip $(CCACHE) $(GUEST_GCC))|' \
		tools/musl-cc.in > $@.new
	$(Q)chmod +x $@.new && mv $@.new $@
