# Programs: src/NAME, each with src/common. Static: one executable each, and for the guest one of all that it has.
# needs: $(MUSL_CC)
# makes: $(BUILD)/bin/NAME, $(BUILD)/parts/NAME.o; $(IMAGE_BUILD)/thimble by mk/rootfs.mk

PROGRAMS := $(patsubst src/%/main.c,%,$(sort $(wildcard src/*/main.c)))
VERSION  := 0.1.0

PROGRAM_CFLAGS := -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Isrc -isystem $(BUILD)/headers -DTHIMBLE_VERSION='"$(VERSION)"' -DWEB_PAGE='"$(BUILD)/web"'

# The container's first program reads what init reads, and says how a child ended in the same words.
program_shares_entry := src/init/settings.c src/init/exit_words.c
# The kernel's messages are read in one place.
program_shares_link := src/net/netlink_parse.c src/net/ip.c

# The status page is the status screen in HTML: what records mean, and in which words, is written once.
program_shares_web := $(addprefix src/console/,load.c model.c model_outside.c model_relay.c model_text.c verdict.c \
	layout_blocks.c layout_network.c layout_outside.c layout_relay.c)

# Packages that are libraries of a program. Tests build the same sources with the host's compilers (mk/check.mk, mk/fuzz.mk).
program_libraries_web := libmicrohttpd

# The libraries' roots, headers and archives of a program: $(call library_headers,web,$(BUILD)).
library_roots = $(foreach library,$(program_libraries_$1),$2/packages/$(library)/root)
library_headers = $(addprefix -isystem ,$(addsuffix /include,$(call library_roots,$1,$2)))
library_archives = $(foreach root,$(call library_roots,$1,$2),$(addprefix $(root)/,\
	$(filter %.a,$($(notdir $(patsubst %/root,%,$(root)))_FILES))))
program_of = $(firstword $(subst /, ,$(patsubst src/%,%,$1)))

# Libraries that are one header: NAME.h of libNAME-dev, and what is compiled with it, in each kind of build.
HEADERS := jsmn
$(HEADERS:%=$(BUILD)/headers/%.h): $(BUILD)/headers/%.h: $(BUILD)/sources/deb/lib%-dev
	$(Q)mkdir -p $(@D)
	$(Q)dpkg-deb --fsys-tarfile $(call source_file,lib$*-dev) | tar -xO ./usr/include/$*.h > $@
header_users = $(foreach kind,obj host/obj fuzz/obj,$(patsubst src/%.c,$(BUILD)/$(kind)/%.o,$(wildcard src/$1/*.c)))
$(call header_users,agent): $(BUILD)/headers/jsmn.h

# What the page is made of goes into src/web/assets.c as it is.
WEB_PAGE := $(BUILD)/web/page.html $(BUILD)/web/page.csp
$(WEB_PAGE) &: tools/web-page $(addprefix src/web/page.,html css js)
	$(Q)tools/web-page $(BUILD)/web

program_objects = $(patsubst src/%.c,$(BUILD)/obj/%.o,$(wildcard src/common/*.c) $(wildcard src/$1/*.c) $(program_shares_$1))

$(BUILD)/obj/%.o: src/%.c $(MUSL_CC) mk/programs.mk mk/toolchain.mk
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(MUSL_CC) $(MUSL_CFLAGS) $(PROGRAM_CFLAGS) -I$(<D) $(call library_headers,$(call program_of,$<),$(BUILD)) -MMD -MP -c -o $@ $<

define program_rule
$(patsubst src/%.c,$(BUILD)/obj/%.o,$(wildcard src/$1/*.c)): | $(call library_archives,$1,$(BUILD))
$(BUILD)/bin/$1: $(call program_objects,$1) $(call library_archives,$1,$(BUILD))
	$$(call say,LD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(MUSL_CC) $$(MUSL_LDFLAGS) -o $$@ $$^
endef
$(foreach name,$(PROGRAMS),$(eval $(call program_rule,$(name))))

# The program as a part of a larger one: of all its names only NAME_main is seen from outside. Its zeroed variables are in a
# section of their own, which is there for this program only (src/start).
define part_rule
$(BUILD)/parts/$1.o: $(filter-out $(BUILD)/obj/common/%,$(call program_objects,$1)) $(call library_archives,$1,$(BUILD)) | mk/programs.mk
	$$(Q)mkdir -p $$(@D)
	$$(Q)echo 'SECTIONS { $1_main_bss : ALIGN(4096) { *(.bss .bss.*) } }' > $$@.lds
	$$(Q)$$(HOST_LD) -r -T $$@.lds -o $$@.all $$^
	$$(Q)$$(HOST_OBJCOPY) --redefine-sym main=$1_main --keep-global-symbol=$1_main $$@.all $$@
	$$(Q)rm $$@.all $$@.lds
endef
$(foreach name,$(PROGRAMS),$(eval $(call part_rule,$(name))))
common_objects := $(patsubst src/%.c,$(BUILD)/obj/%.o,$(wildcard src/common/*.c))

$(BUILD)/obj/web/assets.o: $(WEB_PAGE)

.PHONY: programs
programs: $(addprefix $(BUILD)/bin/,$(PROGRAMS))

-include $(wildcard $(BUILD)/obj/*/*.d)
