# Sources: Debian packages named in packages/*/package.mk, pinned in sources.lock.
# needs: the host's apt, python3
# makes: the downloads in the cache; $(SOURCES_USED), what was really used; $(BUILD)/sources/src/NAME and
#        $(BUILD)/sources/deb/NAME, the part of it that is about one package: newer only when that changed

SUITE := trixie
SOURCES := $(CACHE)/sources
SOURCES_USED := $(BUILD)/sources.used
# Each package folder adds itself: deb:NAME or src:NAME.
SOURCE_PACKAGES :=

SOURCES_TOOL = tools/sources $1 --suite $(SUITE) --architecture $(DEBIAN_ARCH) --lock $(LOCK) --cache $(SOURCES) \
	$(if $(filter 1,$(STRICT)),--strict) $2 $(SOURCE_PACKAGES)

# The files of one package as they lie in the cache: $(call source_files,deb:musl-dev). For recipes only: what is really
# used is known once $(SOURCES_USED) is there. source_file: the same for a binary package, which is one file.
source_files = $(shell awk -v p='$1' '$$1 == p { print "$(SOURCES)/" $$3 }' $(SOURCES_USED) 2>/dev/null)
source_file  = $(call source_files,deb:$1)

.PHONY: fetch lock
fetch: $(SOURCES_USED)
lock: | deps-build
	$(Q)$(call SOURCES_TOOL,lock,)
	$(Q)tools/repeated-patches $(LOCK) $(SOURCES) kernel/patches=deb:$(linux_DEBS) \
		$(foreach p,$(PACKAGES),packages/$p/patches=src:$($p_SOURCE))

# Runs again when the lock, or the list of packages, changed; when a file is no longer in the cache; when
# it is asked for; for STRICT=1, which an earlier fetch may not have been.
sources_missing := $(if $(wildcard $(SOURCES_USED)),$(filter-out $(wildcard $(SOURCES)/*),\
	$(shell awk '$$1 ~ /:/ { print "$(SOURCES)/" $$3 }' $(SOURCES_USED))),all)

$(BUILD)/sources.fetched: $(LOCK) $(wildcard packages/*/package.mk) tools/sources \
		$(if $(sources_missing)$(filter fetch,$(MAKECMDGOALS))$(filter 1,$(STRICT)),FORCE) | deps-build
	$(Q)mkdir -p $(@D)
	$(Q)$(call SOURCES_TOOL,fetch,--used $(SOURCES_USED))
	@touch $@

# The tool leaves it as it is when nothing in it changed.
$(SOURCES_USED): $(BUILD)/sources.fetched ;

$(BUILD)/sources/%: $(SOURCES_USED)
	@mkdir -p $(@D)
	@awk -v p='$(subst /,:,$*)' '$$1 == p' $< > $@.new
	@$(call update,$@)
