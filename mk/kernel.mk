# The kernel: one set of objects for all appliances, then one short link for each.
# needs: $(LINUX_DEB), kernel/, tools/kernel-config, tools/kernel-hardening, tools/kernel-progress,
#        $(BASE_BUILD)/rootfs.cpio
# makes: $(KERNEL_IMAGE) and $(KERNEL_ELF); hardening, linux-nconfig, linux-savedefconfig; on the way $(BUILD)/linux
#        (the patched source) and $(BUILD)/linux/objects-PLATFORM[-smp][-harden]

LINUX_DEB ?= $(call source_file,linux-source-6.12)

LINUX_SRC := $(BUILD)/linux
# Directly below the source: kbuild then names it "..", and a tree that was copied or moved compiles nothing again.
LINUX     := $(LINUX_SRC)/objects-$(PLATFORM)$(variant_suffix)

KERNEL_IMAGE := $(IMAGE_BUILD)/kernel
KERNEL_ELF   := $(IMAGE_BUILD)/vmlinux
BASE_KERNEL  := $(BASE_BUILD)/kernel
BASE_ELF     := $(BASE_BUILD)/vmlinux

linux_patches   := $(sort $(wildcard kernel/patches/*.patch))
linux_local     := kernel/local.config
linux_fragments := kernel/base.config kernel/service.config kernel/network.config kernel/console.config kernel/hardening.config \
	$(sort $(wildcard kernel/hypervisor/*.config)) kernel/arch/$(ARCH).config \
	$(if $(filter-out virtual,$(PLATFORM)),kernel/platform/$(PLATFORM).config) $(kernel_variants:%=kernel/%.config) kernel/compress/$(COMPRESS).config \
	$(wildcard $(linux_local))

# kbuild gets an environment of its own: whatever the user has set or says to make (CONFIG=, DEBUG=, ARCH=) has other
# meanings there. ccache, when there is one, keeps its own settings. The lock lets several makes share the objects.
linux_ccache := $(if $(shell command -v ccache),ccache )
linux_make    = flock $(LINUX)/.lock env -i PATH="$$PATH" HOME="$$HOME" TERM="$${TERM:-dumb}" \
	$${CCACHE_DIR:+CCACHE_DIR="$$CCACHE_DIR"} $${XDG_CACHE_HOME:+XDG_CACHE_HOME="$$XDG_CACHE_HOME"} \
	LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) KBUILD_BUILD_TIMESTAMP='$(linux_timestamp)' \
	KBUILD_BUILD_USER=thimble KBUILD_BUILD_HOST=thimble KBUILD_BUILD_VERSION=1 \
	make -C $(LINUX_SRC) O=$(abspath $(LINUX)) ARCH=$(LINUX_ARCH) $(CROSS:%=CROSS_COMPILE=%) V=$(V) \
	CC='$(linux_ccache)$(CROSS)gcc' HOSTCC='$(linux_ccache)gcc' -j$(JOBS) --no-print-directory
linux_timestamp := $(shell date -u -d @$(SOURCE_DATE_EPOCH))

# $(call linux_build,LABEL,TARGETS)
ifeq ($(V),0)
linux_build = { $(linux_make) $2; echo "exit $$?"; } | tools/kernel-progress '$1'
else
linux_build = $(linux_make) $2
endif

# objtool's own build, alone of all, keeps absolute names, and every object is older than an objtool that was built anew. So
# they are made right where the tree was copied or moved.
linux_here = here=$$(realpath $(LINUX_SRC)); before=$$(cat $(LINUX)/.here 2>/dev/null || echo $$here); \
	[ $$before = $$here ] || grep -rlF $$before/ --include='.*.cmd' $(LINUX)/tools | xargs -r sed -i "s|$$before/|$$here/|g"; \
	echo $$here > $(LINUX)/.here

# --- source ---------------------------------------------------------------------------------------------------------

# What the source tree is made from, by name; a new version or a patch that went away changes this file.
$(BUILD)/linux.id: FORCE | $(SOURCES_USED)
	@mkdir -p $(@D)
	@printf '%s\n' $(notdir $(LINUX_DEB)) $(linux_patches) > $@.new
	@$(call update,$@)

$(LINUX_SRC)/.unpacked: $(BUILD)/linux.id $(linux_patches) | deps-build
	$(call say,LINUX,unpack $(notdir $(LINUX_DEB)))
	$(Q)mkdir -p $(LINUX_SRC)
	$(Q)find $(LINUX_SRC) -mindepth 1 -maxdepth 1 ! -name 'objects-*' -exec rm -rf {} +
	$(Q)dpkg-deb --fsys-tarfile $(LINUX_DEB) | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' | \
		tar -xJ -C $(LINUX_SRC) --strip-components=1
	$(Q)for patch in $(linux_patches); do \
		echo "  LINUX    $$patch"; patch -s -F0 -p1 -d $(LINUX_SRC) < $$patch || exit 1; done
	$(Q)touch $@

# --- configuration --------------------------------------------------------------------------------------------------

$(LINUX)/fragments: FORCE | $(LINUX_SRC)/.unpacked
	@mkdir -p $(@D)
	@tools/kernel-config merge $(linux_fragments) > $@.new
	@$(call update,$@)

$(LINUX)/.config: $(LINUX)/fragments $(LINUX_SRC)/.unpacked
	$(call say,LINUX,configure ($(words $(linux_fragments)) fragments))
	$(Q)$(linux_make) -s KCONFIG_ALLCONFIG=$(abspath $<) allnoconfig
	$(Q)touch $@

$(LINUX)/.config-checked: $(LINUX)/.config $(linux_fragments)
	$(Q)tools/kernel-config check $^ || { echo 'A change made with linux-nconfig: make linux-savedefconfig keeps it,' \
		'rm $(LINUX)/.config drops it.' >&2; exit 1; }
	$(Q)touch $@

# HARDEN=1 follows more of the recommendations, so other reasons are left.
.PHONY: hardening
hardening: $(LINUX)/.config-checked
	$(Q)tools/kernel-hardening $(if $(filter 1,$(HARDEN)),--hardened) kernel/hardening.table $(LINUX)/.config

# --- objects and the last link --------------------------------------------------------------------------------------

$(LINUX)/.objects: $(LINUX)/.config-checked $(LINUX_SRC)/.unpacked
	$(Q)$(linux_here)
	$(Q)test -e $(LINUX)/initramfs.cpio || : > $(LINUX)/initramfs.cpio
	$(Q)$(call linux_build,compile,vmlinux)
	$(Q)touch $@

# Under a lock of its own from the first copy to the last: another make may be linking another appliance.
$(BASE_KERNEL) $(BASE_ELF) &: $(LINUX)/.objects $(BASE_BUILD)/rootfs.cpio
	$(Q){ flock 9 && { $(linux_here); } && \
		cp $(BASE_BUILD)/rootfs.cpio $(LINUX)/initramfs.cpio && \
		$(call linux_build,link $(notdir $(BASE_BUILD)),$(LINUX_GOAL)) && \
		cp $(LINUX)/$(LINUX_ELF) $(BASE_ELF) && \
		cp $(LINUX)/$(LINUX_IMAGE) $(BASE_KERNEL); } 9> $(LINUX)/.link-lock

ifdef packed
$(KERNEL_IMAGE): $(BASE_KERNEL)
$(KERNEL_ELF): $(BASE_ELF)
$(KERNEL_IMAGE) $(KERNEL_ELF): $(IMAGE_BUILD)/archive $(wildcard tools/image/*.py)
	$(Q)tools/thimble-service $(filter $(BASE_BUILD)/%,$^) --archive $(IMAGE_BUILD)/archive --output $@ > $@.log
endif

# --- changing the configuration -------------------------------------------------------------------------------------

.PHONY: linux-nconfig linux-savedefconfig FORCE

$(call deps_first,nconfig,linux-nconfig)
linux-nconfig: $(LINUX)/.config | deps-nconfig
	$(Q)$(linux_make) -s nconfig
	@echo 'make linux-savedefconfig keeps what you changed.'

# Each pass writes back what the one before made visible.
linux-savedefconfig: $(LINUX_SRC)/.unpacked
	$(Q)for pass in 1 2 3 4 5 6 7 8; do \
		fragments='$(linux_fragments)'; \
		case $$fragments in *local.config*) ;; *) test -e $(linux_local) && fragments="$$fragments $(linux_local)";; esac; \
		tools/kernel-config merge $$fragments > $(LINUX)/fragments.new && \
		$(linux_make) -s KCONFIG_CONFIG=.config-made KCONFIG_ALLCONFIG=$(abspath $(LINUX))/fragments.new allnoconfig && \
		tools/kernel-config save $(LINUX)/.config $(LINUX)/.config-made $(linux_local) $$fragments > $(LINUX)/.saved || exit 1; \
		test -s $(LINUX)/.saved || exit 0; \
		cat $(LINUX)/.saved; \
	done; \
	echo 'these symbols do not settle: they depend on something that no fragment can set'; exit 1
