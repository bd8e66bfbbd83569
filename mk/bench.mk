# Measurements, each with its data beside it.
# needs: $(IMAGE), $(BUILD)/bin/relay, $(BUILD)/bin/web; QEMU, dnsmasq and radvd; HAProxy, nginx and socat
# makes: bench/boot.md; bench/memory.md; bench/relay.md, bench/relay.svg; bench/web.md

ROUNDS ?= 12

.PHONY: bench bench-boot bench-memory bench-relay bench-web
bench: bench-boot bench-memory bench-relay bench-web

$(BUILD)/bench/boot-pid1: bench/boot-pid1.c $(MUSL_CC)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(MUSL_CC) $(MUSL_CFLAGS) -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror $(MUSL_LDFLAGS) -o $@ $<

$(call deps_first,check,bench bench-boot bench-memory bench-web)
$(call deps_first,bench-relay,bench bench-relay)
bench-boot: images $(BUILD)/bench/boot-pid1 | deps-check
	$(Q)tools/in-namespaces /usr/bin/python3 -B bench/boot.py $(IMAGE) --pid1 $(BUILD)/bench/boot-pid1 \
		--compressor $(COMPRESS) --output bench/boot.md

bench-memory: images | deps-check
	$(Q)tools/in-namespaces /usr/bin/python3 -B bench/memory.py --output bench/memory.md

$(BUILD)/bench/relay-load: bench/relay-load.c | deps-build
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOST_GCC) -O2 -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -o $@ $< -lm

bench-relay: $(BUILD)/bin/relay $(BUILD)/bench/relay-load | deps-bench-relay
	$(Q)tools/in-namespaces /usr/bin/python3 -B bench/relay.py $(BUILD)/bin/relay --load $(BUILD)/bench/relay-load \
		--rounds $(ROUNDS) --output bench/relay.md

bench-web: $(BUILD)/bin/relay $(BUILD)/bin/web $(BUILD)/bench/relay-load | deps-check
	$(Q)tools/in-namespaces /usr/bin/python3 -B bench/web.py $(BUILD)/bin/relay $(BUILD)/bin/web \
		--load $(BUILD)/bench/relay-load --output bench/web.md
