# Measurements, each with its data beside it.
# needs: $(IMAGE); QEMU, dnsmasq and radvd
# makes: bench/boot.md

.PHONY: bench bench-boot
bench: bench-boot

$(BUILD)/bench/boot-pid1: bench/boot-pid1.c $(MUSL_CC)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(MUSL_CC) $(MUSL_CFLAGS) -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror $(MUSL_LDFLAGS) -o $@ $<

bench-boot: image $(BUILD)/bench/boot-pid1 | $(DEPS_CHECK)
	$(Q)tools/in-namespaces /usr/bin/python3 -B bench/boot.py $(IMAGE) --pid1 $(BUILD)/bench/boot-pid1 \
		--compressor $(COMPRESS) --output bench/boot.md
