# Ready-to-use definitions for each hypervisor, filled in with this appliance's facts. One folder in deploy/ for each.
# needs: deploy/*/*, deploy/facts; $(KERNEL_IMAGE), for the memory it needs: built only if it is missing. The definitions
#        name the files that `make images` writes to the folder above theirs
# makes: out/deploy/HYPERVISOR/*

DEPLOY := $(OUT)/deploy
IMAGE_FILE := $(IMAGE_NAME)-$(ARCH)

.PHONY: deploy
deploy: export IMAGE_FILE := $(IMAGE_FILE)
deploy: $(patsubst deploy/%,$(DEPLOY)/%,$(patsubst %.in,%,$(wildcard deploy/*/*)))
	$(Q)printf '  %-8s %s, for %s\n' DEPLOY $(DEPLOY) $(IMAGE_FILE)

$(DEPLOY)/%: deploy/%.in deploy/facts $(if $(wildcard $(KERNEL_IMAGE)),,$(KERNEL_IMAGE)) FORCE
	$(Q)$(with_memory) eval "$$(deploy/facts)" && /usr/bin/python3 -B tools/fill $< $@ && chmod --reference=$< $@
$(DEPLOY)/%: deploy/%
	$(Q)mkdir -p $(@D) && cp $< $@
