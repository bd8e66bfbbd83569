# Ready-to-use definitions for each hypervisor, filled in with what this appliance is. One folder in deploy/ for each.
# needs: deploy/*/*, deploy/facts; no image: they name the files that `make images` writes to the folder above theirs
# makes: out/deploy/HYPERVISOR/*

DEPLOY := $(OUT)/deploy
IMAGE_FILE := $(IMAGE_NAME)-$(ARCH)

.PHONY: deploy
deploy: export IMAGE_FILE := $(IMAGE_FILE)
deploy: $(patsubst deploy/%,$(DEPLOY)/%,$(patsubst %.in,%,$(wildcard deploy/*/*)))
	$(Q)printf '  %-8s %s, for %s\n' DEPLOY $(DEPLOY) $(IMAGE_FILE)

$(DEPLOY)/%: deploy/%.in deploy/facts FORCE
	$(Q)eval "$$(deploy/facts)" && /usr/bin/python3 -B tools/fill $< $@ && chmod --reference=$< $@
$(DEPLOY)/%: deploy/%
	$(Q)mkdir -p $(@D) && cp $< $@
