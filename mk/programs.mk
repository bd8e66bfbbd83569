# Programs: src/NAME, each with src/common. Static: one executable each, and for the guest one of all that it has.
# needs: $(MUSL_CC)
# makes: $(BUILD)/bin/NAME, $(BUILD)/parts/NAME.o; $(IMAGE_BUILD)/thimble by mk/rootfs.mk

PROGRAMS := $(patsubst src/%/main.c,%,$(sort $(wildcard src/*/main.c)))
VERSION  := 0.1.0

PROGRAM_CFLAGS := -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Isrc -isystem $(BUILD)/headers -DTHIMBLE_VERSION='"$(VERSION)"'

# Libraries that are one header: NAME.h of lib NAME-dev, and the objects of each kind of build that need it.
header_objects = $(patsubst %,$(BUILD)/%/$1.o,obj host/obj fuzz/obj)
HEADERS := jsmn
$(HEADERS:%=$(BUILD)/headers/%.h): $(BUILD)/headers/%.h: $(BUILD)/sources/deb/lib%-dev
	$(Q)mkdir -p $(@D)
	$(Q)dpkg-deb --fsys-tarfile $(call source_file,lib$*-dev) | tar -xO ./usr/include/$*.h > $@
$(call header_objects,agent/json): $(BUILD)/headers/jsmn.h

# The container's first program reads what init reads, and says how a child ended in the same words.
program_shares_entry := src/init/settings.c src/init/exit_words.c
# The kernel's messages are read in one place.
program_shares_link := src/net/netlink_parse.c src/net/ip.c

program_objects = $(patsubst src/%.c,$(BUILD)/obj/%.o,$(wildcard src/common/*.c) $(wildcard src/$1/*.c) $(program_shares_$1))

$(BUILD)/obj/%.o: src/%.c $(MUSL_CC) mk/programs.mk mk/toolchain.mk
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(MUSL_CC) $(MUSL_CFLAGS) $(PROGRAM_CFLAGS) -I$(<D) -MMD -MP -c -o $@ $<

define program_rule
$(BUILD)/bin/$1: $(call program_objects,$1)
	$$(call say,LD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(MUSL_CC) $$(MUSL_LDFLAGS) -o $$@ $$^
endef
$(foreach name,$(PROGRAMS),$(eval $(call program_rule,$(name))))

# The program as a part of a larger one: of all its names only NAME_main is seen from outside. Its zeroed variables are in a
# section of their own, which the other programs give back (src/start).
define part_rule
$(BUILD)/parts/$1.o: $(filter-out $(BUILD)/obj/common/%,$(call program_objects,$1)) | mk/programs.mk
	$$(Q)mkdir -p $$(@D)
	$$(Q)echo 'SECTIONS { $1_main_bss : ALIGN(4096) { *(.bss .bss.*) } }' > $$@.lds
	$$(Q)$$(HOST_LD) -r -T $$@.lds -o $$@.all $$^
	$$(Q)$$(HOST_OBJCOPY) --redefine-sym main=$1_main --keep-global-symbol=$1_main $$@.all $$@
	$$(Q)rm $$@.all $$@.lds
endef
$(foreach name,$(PROGRAMS),$(eval $(call part_rule,$(name))))
common_objects := $(patsubst src/%.c,$(BUILD)/obj/%.o,$(wildcard src/common/*.c))

.PHONY: programs
programs: $(addprefix $(BUILD)/bin/,$(PROGRAMS))

-include $(wildcard $(BUILD)/obj/*/*.d)
