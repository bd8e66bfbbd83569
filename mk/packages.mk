# Packages: upstream programs, built for the guest from Debian's sources. One folder each in packages/.
# needs: $(BUILD)/sources/src/NAME, $(MUSL_CC)
# makes: $(BUILD)/packages/NAME/root, what a package installs
#
# packages/NAME/package.mk sets, then calls $(eval $(call debian-source,NAME)):
#   NAME_SOURCE   the Debian source package; its version and hashes are in sources.lock. Two may be of one
#   NAME_LICENSE  SPDX expression
#   NAME_WHY      one line: what it is for
#   NAME_BUILD    shell lines, run in the patched tree, with $$CC $$CFLAGS $$LDFLAGS; they install into $$DESTDIR
#   NAME_FILES    what they must have installed
# and may set
#   NAME_USERS    users that they look for in the guest's /etc/passwd, as NAME:UID:HOME, with numbers of 200 and more
# packages/NAME/patches/*.patch come after Debian's own; docs/pipeline.md says what their headers tell.

PACKAGES :=

define debian-source
SOURCE_PACKAGES += $(filter-out $(SOURCE_PACKAGES),src:$($1_SOURCE))
PACKAGES += $1
$1_ROOT := $(BUILD)/packages/$1/root
export $1_BUILD
$(call package-build,$1,$(BUILD)/packages/$1,$(abspath $(MUSL_CC)),$(MUSL_CFLAGS),$(MUSL_LDFLAGS),$(MUSL_CC))
endef

# The rules of one build: $(call package-build,NAME,FOLDER,CC,CFLAGS,LDFLAGS,PREREQUISITES). Tests build a library once more,
# from the same source, with the host's compiler.
define package-build
$2/.done: $(BUILD)/sources/src/$($1_SOURCE) packages/$1/package.mk $$(wildcard packages/$1/patches packages/$1/patches/*.patch) mk/packages.mk $6
	$$(call say,PACKAGE,$1)
	$$(Q)rm -rf $$(@D) && mkdir -p $$(@D)/src $$(@D)/root && touch $$(@D)/started
	$$(Q)tools/unpack-source $$(@D)/src $$(call source_files,src:$($1_SOURCE))
	$$(Q)for patch in $$(sort $$(wildcard packages/$1/patches/*.patch)); do \
		patch -s -F0 -p1 -d $$(@D)/src < "$$$$patch" || exit 1; done
	$$(Q)cd $$(@D)/src && env -u MAKEFLAGS -u MAKELEVEL CC='$3' CFLAGS='$4' LDFLAGS='$5' \
		DESTDIR='$(abspath $2)/root' JOBS=$(JOBS) sh -euc "$$$$$1_BUILD" > ../build.log 2>&1 || \
		{ tail -n 30 ../build.log; echo "$1: the build failed; all of it is in $$(@D)/build.log"; exit 1; }
	$$(Q)for file in $($1_FILES); do test -e "$$(@D)/root/$$$$file" || \
		{ echo "$1: the build did not make $$$$file; see $$(@D)/build.log"; exit 1; }; done
	$$(Q)printf '  %-8s %s\n' PACKAGE "$1: done in $$$$(( $$$$(date +%s) - $$$$(stat -c %Y $$(@D)/started) )) s"
	$$(Q)touch $$@

$(addprefix $2/root/,$($1_FILES)): $2/.done ;
endef

# A package folder that only names files for other stages (the kernel's source): NAME_DEBS.
define debian-binary
SOURCE_PACKAGES += $(addprefix deb:,$($1_DEBS))
endef

include $(sort $(wildcard packages/*/package.mk))
