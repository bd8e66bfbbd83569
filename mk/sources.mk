# Sources: Debian packages named in packages/*/package.mk, pinned in sources.lock.
# needs: the host's apt, python3
# makes: the downloads in the cache; $(BUILD)/sources.used, what was really used

SUITE := trixie
SOURCES := $(CACHE)/sources
SOURCES_USED := $(BUILD)/sources.used
# Each package folder adds itself: deb:NAME or src:NAME.
SOURCE_PACKAGES :=

SOURCES_TOOL = tools/sources $1 --suite $(SUITE) --lock sources.lock --cache $(SOURCES) \
	$(if $(filter 1,$(STRICT)),--strict) $2 $(SOURCE_PACKAGES)

# The files of one package as they lie in the cache: $(call source_files,deb:musl-dev). For recipes only: what is really
# used is known once $(SOURCES_USED) is there. source_file: the same for a binary package, which is one file.
source_files = $(shell awk -v p='$1' '$$1 == p { print "$(SOURCES)/" $$3 }' $(SOURCES_USED))
source_file  = $(call source_files,deb:$1)

.PHONY: fetch lock
fetch: $(SOURCES_USED)
lock:
	$(Q)$(call SOURCES_TOOL,lock,)

# Runs again when the lock, or the list of packages, is newer than what it fetched.
$(SOURCES_USED): sources.lock $(wildcard packages/*/package.mk) tools/sources | $(DEPS_BUILD)
	$(Q)mkdir -p $(@D)
	$(Q)$(call SOURCES_TOOL,fetch,--used $@)
