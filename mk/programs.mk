# Programs: src/NAME, each with the layers below it. Static: one executable each, and one of all for the guest.
# needs: $(MUSL_CC)
# makes: $(BUILD)/bin/NAME, $(BUILD)/parts/NAME.o; $(IMAGE_BUILD)/thimble by mk/rootfs.mk

PROGRAMS := $(patsubst src/%/main.c,%,$(sort $(wildcard src/*/main.c)))
VERSION  := 0.1.0

PROGRAM_CFLAGS := -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Isrc -isystem $(BUILD)/headers -DTHIMBLE_VERSION='"$(VERSION)"' -DWEB_PAGE='"$(BUILD)/web"'

# The layers that programs share, the highest first. Each folder of src/ includes its own files and those of layers below it,
# nothing else (tests/host/test_layers.py).
LAYERS := status records common calls
SRC_FOLDERS := $(PROGRAMS) $(LAYERS)

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
header_users = $(foreach kind,obj host/obj fuzz/obj coverage/obj,$(patsubst src/%.c,$(BUILD)/$(kind)/%.o,$(wildcard src/$1/*.c)))
$(call header_users,agent): $(BUILD)/headers/jsmn.h

# The system calls that each program may make, and their names (tools/calls).
CALLS_LISTS := $(sort $(wildcard src/init/calls/*))
CALLS_HEADERS := $(BUILD)/headers/calls_lists.h $(BUILD)/headers/calls_names.h
$(BUILD)/headers/unistd: $(MUSL_CC)
	$(Q)mkdir -p $(@D)
	$(Q)echo '#include <asm/unistd.h>' | $(MUSL_CC) -E -dM - > $@
$(CALLS_HEADERS) &: $(BUILD)/headers/unistd $(CALLS_LISTS) tools/calls
	$(Q)tools/calls lists $< src/init/calls > $(BUILD)/headers/calls_lists.h
	$(Q)tools/calls names $< > $(BUILD)/headers/calls_names.h
$(foreach kind,obj host/obj fuzz/obj,$(BUILD)/$(kind)/calls/calls.o $(BUILD)/$(kind)/init/call_names.o): $(CALLS_HEADERS)

# The page's files go into src/web/assets.c unchanged.
WEB_PAGE := $(BUILD)/web/page.html $(BUILD)/web/page.csp
$(WEB_PAGE) &: tools/web-page $(addprefix src/web/page.,html css js)
	$(Q)tools/web-page $(BUILD)/web

# $(call compile,WHERE,COMPILER AND FLAGS,PACKAGES,NEEDS): makes WHERE/F/x.o of src/F/x.c, with the headers of the libraries in
# PACKAGES; and WHERE/F.a of each folder without its main: the linker takes from it what is called.
define compile
$1/%.o: src/%.c $4 mk/programs.mk
	$$(call say,CC,$$<)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$2 $$(PROGRAM_CFLAGS) -I$$(<D) $$(call library_headers,$$(call program_of,$$<),$3) -MMD -MP -c -o $$@ $$<
$1/web/assets.o: $(WEB_PAGE)
$(foreach program,$(PROGRAMS),$(call compile_program,$1,$(program),$3))
$(foreach folder,$(SRC_FOLDERS),$(call archive_folder,$1,$(folder)))
-include $(wildcard $1/*/*.d)
endef
define compile_program
$(patsubst src/%.c,$1/%.o,$(wildcard src/$2/*.c)): | $(call library_archives,$2,$3)

endef
define archive_folder
$1/$2.a: $(patsubst src/%.c,$1/%.o,$(filter-out %/main.c,$(wildcard src/$2/*.c)))
	$$(Q)rm -f $$@
	$$(Q)$(if $(filter $(BUILD)/obj,$1),$(GUEST_AR),$(HOST_AR)) rcs $$@ $$^

endef
layers = $(LAYERS:%=$1/%.a)
$(eval $(call compile,$(BUILD)/obj,$(MUSL_CC) $(MUSL_CFLAGS),$(BUILD),$(MUSL_CC) mk/toolchain.mk))

define program_rule
$(BUILD)/bin/$1: $(BUILD)/obj/$1/main.o $(BUILD)/obj/$1.a $(call layers,$(BUILD)/obj) $(call library_archives,$1,$(BUILD))
	$$(call say,LD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(MUSL_CC) $$(MUSL_LDFLAGS) -o $$@ $$^
endef
$(foreach name,$(PROGRAMS),$(eval $(call program_rule,$(name))))

# The program as a part of a larger one: only NAME_main is visible from outside. Its zeroed variables are in
# pages of their own: spread over the pages of all, they would take 50 to 100 KB more of the guest's memory.
define part_rule
$(BUILD)/parts/$1.o: $(BUILD)/obj/$1/main.o $(BUILD)/obj/$1.a $(call library_archives,$1,$(BUILD)) | mk/programs.mk
	$$(Q)mkdir -p $$(@D)
	$$(Q)echo 'SECTIONS { $1_main_bss : ALIGN(4096) { *(.bss .bss.*) } }' > $$@.lds
	$$(Q)$$(GUEST_LD) -r -T $$@.lds -o $$@.all $$^
	$$(Q)$$(GUEST_OBJCOPY) --redefine-sym main=$1_main --keep-global-symbol=$1_main $$@.all $$@
	$$(Q)rm $$@.all $$@.lds
endef
$(foreach name,$(PROGRAMS),$(eval $(call part_rule,$(name))))

.PHONY: programs
programs: $(addprefix $(BUILD)/bin/,$(PROGRAMS))
