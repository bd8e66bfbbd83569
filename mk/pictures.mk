# Pictures for the documentation, made from the running appliance.
# needs: $(IMAGE), QEMU
# makes: docs/img/screen.svg

.PHONY: pictures
pictures: image | $(DEPS_RUN)
	$(call say,PICTURE,docs/img/screen.svg)
	$(Q)mkdir -p docs/img
	$(Q)tools/screen-picture boot $(IMAGE) docs/img/screen.svg
