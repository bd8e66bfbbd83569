# Tools that the host must have: Debian package names, by what they are for.
# needs: apt; root or sudo only when something is missing
# makes: nothing in the tree
#
# A target that needs those of DEPS_PACKAGES_x has deps-x as an order-only prerequisite: what is missing is named, then
# installed.

DEPS_PACKAGES_build := gcc libc6-dev make flex bison bc patch xz-utils bzip2 zstd lz4 libelf-dev python3 apt dpkg \
	debian-archive-keyring $(if $(CROSS),gcc-$(subst _,-,$(ARCH))-linux-gnu)
# Of the formats, which mk/formats.mk reads.
DEPS_PACKAGES_images = $(sort $(foreach format,$(FORMATS),$($(format)_TOOLS)))
DEPS_PACKAGES_sign  := sbsigntool
DEPS_PACKAGES_run   := $(QEMU_PACKAGE) python3 python3-pyte
DEPS_PACKAGES_check = $(DEPS_PACKAGES_run) $(DEPS_PACKAGES_images) $(DEPS_PACKAGES_sign) \
	mtools dosfstools fdisk libcmocka-dev clang libclang-rt-dev python3-pytest python3-pytest-xdist python3-yaml shellcheck \
	gnupg openssl libxml2-utils iproute2 iputils-ping util-linux \
	dnsmasq-base bind9 radvd chrony kea-dhcp4-server kea-dhcp6-server haproxy samba-common-bin python3-impacket rsyslog \
	ovmf libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients skopeo umoci runc \
	busybox-static cpio curl python3-html5lib python3-jsonschema prometheus chromium chromium-driver python3-selenium

DEPS_PACKAGES_coverage := clang llvm

# Of the services, what a test builds itself; the others are unpacked where they are used.
DEPS_PACKAGES_services := golang-go

DEPS_PACKAGES_pictures = $(DEPS_PACKAGES_run) $(DEPS_PACKAGES_images) ovmf librsvg2-bin fonts-dejavu-core

DEPS_PACKAGES_nconfig := libncurses-dev pkg-config

# Debian starts haproxy and nginx as services when it installs them, unless /usr/sbin/policy-rc.d says no.
DEPS_PACKAGES_bench-relay := gcc libc6-dev python3 iproute2 util-linux haproxy nginx libnginx-mod-stream socat

DEPS := $(sort $(patsubst DEPS_PACKAGES_%,deps-%,$(filter DEPS_PACKAGES_%,$(.VARIABLES))))
.PHONY: deps $(DEPS)
deps: deps-build deps-run deps-check
$(DEPS): deps-%:
	$(Q)tools/deps $* $(DEPS_PACKAGES_$*)

# $(call deps_first,PURPOSE,GOALS): for GOALS the tools for PURPOSE are among those of the build,
# named and installed at once: nobody wants to be asked for a password when the kernel is done.
deps_first = $(if $(filter $2,$(or $(MAKECMDGOALS),$(.DEFAULT_GOAL))),$(eval DEPS_PACKAGES_build += $(DEPS_PACKAGES_$1)))
