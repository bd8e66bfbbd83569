# The guest's root: one cpio from one reviewable manifest, made without root, the same bytes each time.
# needs: rootfs/, programs, packages, the appliance's facts and settings; gen_init_cpio from the kernel's source
# makes: $(BASE_BUILD)/thimble, $(BASE_BUILD)/rootfs.cpio

# init is the first: src/multicall/multicall.c.
GUEST_PROGRAMS := init $(filter $(PROGRAMS),$(call programs_when,ALWAYS ON_EACH_CONSOLE)) $(HELPER_PROGRAM)
rootfs_manifests := rootfs/manifest $(if $(SERVICE_PROGRAM),rootfs/manifest.program) \
	$(if $(filter 1,$(DEBUG)),rootfs/manifest.debug)
rootfs_packages  := dhcpcd ntpd $(if $(filter 1,$(DEBUG)),busybox)
rootfs_environment = BIN=$(BUILD)/bin PACKAGES=$(BUILD)/packages IMAGE=$(BASE_BUILD) USERS=$(BUILD)/etc \
	SERVICE_SOURCE='$(if $(SERVICE_PACKAGE),$($(SERVICE_PACKAGE)_SOURCE))' PACKAGE_SOURCES='$(foreach package,$(PACKAGES),$(package):$($(package)_SOURCE))'

# Names of this one image, in the manifests here and in formats/oci.
fill_manifest := -e 's|@HELPER_PROGRAM@|$(HELPER_PROGRAM)|g' -e 's|@SERVICE_EXECUTABLE@|$(SERVICE_EXECUTABLE)|g' \
	-e 's|@SERVICE_UID@|$(call user_number,service)|g'

guest_parts := $(foreach name,$(GUEST_PROGRAMS) $(SERVICE_PROGRAM),$(BUILD)/parts/$(name).o)
$(BASE_BUILD)/programs.h: FORCE
	$(Q)mkdir -p $(@D)
	$(Q){ printf 'PROGRAM("%s", %s)\n' $(foreach name,$(GUEST_PROGRAMS),$(name) $(name)_main) \
		$(if $(SERVICE_PROGRAM),$(SERVICE_PROGRAM) $(SERVICE_PROGRAM)_main) \
		poweroff init_main reboot init_main; } > $@.new
	$(Q)$(call update,$@)
$(BASE_BUILD)/thimble: src/multicall/multicall.c $(BASE_BUILD)/programs.h $(guest_parts) $(call layers,$(BUILD)/obj) $(MUSL_CC) mk/programs.mk
	$(call say,LD,$@)
	$(Q)$(MUSL_CC) $(MUSL_CFLAGS) $(PROGRAM_CFLAGS) -I$(@D) $(MUSL_LDFLAGS) -o $@ $(filter %.c %.o %.a,$^)

GEN_INIT_CPIO := $(BUILD)/tools/gen_init_cpio
$(GEN_INIT_CPIO): $(BUILD)/linux/.unpacked
	$(Q)mkdir -p $(@D)
	$(Q)$(HOST_GCC) -O2 -o $@ $(BUILD)/linux/usr/gen_init_cpio.c

# The place for tools/thimble-config to write to where the kernel is an ELF file.
$(BASE_BUILD)/image.conf: tools/thimble-config tools/image/kernel.py
	$(Q)mkdir -p $(@D)
	$(Q)tools/thimble-config --empty-page > $@.new
	$(Q)$(call update,$@)

# What tools/thimble-config asks whether settings are good: the guest's own parser.
$(BUILD)/tools/check-settings: tools/check-settings.c $(wildcard src/common/*.[ch]) | deps-build
	$(Q)mkdir -p $(@D)
	$(Q)$(HOST_GCC) -O1 $(PROGRAM_CFLAGS) -o $@ $(filter %.c,$^)

$(BASE_BUILD)/rootfs.cpio: $(GEN_INIT_CPIO) $(rootfs_manifests) $(wildcard rootfs/etc/*) $(BUILD)/etc/passwd $(BUILD)/etc/group mk/rootfs.mk \
		$(BASE_BUILD)/thimble $(if $(filter 1,$(DEBUG)),$(BUILD)/bin/exec) $(foreach package,$(rootfs_packages),$(BUILD)/packages/$(package)/.done) \
		$(addprefix $(BASE_BUILD)/,appliance settings.conf site.conf image.conf)
	$(call say,ROOTFS,$@)
	$(Q){ sed $(fill_manifest) $(rootfs_manifests); \
		printf 'slink /bin/%s /init 0777 0 0\n' $(filter-out init,$(GUEST_PROGRAMS)); } > $(@D)/manifest
	$(Q)$(rootfs_environment) $(GEN_INIT_CPIO) -t $(SOURCE_DATE_EPOCH) $(@D)/manifest > $@ 2> $@.log || { cat $@.log >&2; exit 1; }
	$(Q)test ! -s $@.log || { cat $@.log >&2; rm $@; exit 1; } # of a line that it does not know it only says so
