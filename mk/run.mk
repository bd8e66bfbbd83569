# Running the image here, in QEMU with its own user network.
# needs: $(IMAGE); QEMU
# makes: nothing; logs of the last run in $(IMAGE_BUILD)/run
#
#   MEMORY=          of the guest, MB; else what the image needs, 64 at least
#   MACHINE=q35      or pc, microvm, microvm-pcie; q35-native
#   ACCEL=           kvm or tcg; else what works here
#   APPEND=          more of the kernel's command line: APPEND='thimble.relay.upstream=192.0.2.1:1688'

MEMORY  ?=
MACHINE ?= $(QEMU_MACHINE)
ACCEL   ?=
APPEND  ?=
# As it was written: a $ in it is the guest's.
override APPEND := $(value APPEND)
export ACCEL APPEND QEMU_MACHINE

QEMU_RUN = tools/qemu run $(IMAGE) --name '$(APPLIANCE_NAME)' $${SERVICE_PORTS:+$$(printf -- ' --port %s' $$SERVICE_PORTS)} \
	$${STATUS_PORT:+--status-port $$STATUS_PORT} \
	$(if $(MEMORY),--memory '$(MEMORY)') --machine '$(MACHINE)' --append "$$APPEND" --log $(IMAGE_BUILD)/run \
	$(if $(filter 1,$(DEBUG)),--shell $(IMAGE_BUILD)/run/shell) $(if $(filter 1,$(V)),--verbose)

.PHONY: run run-words
$(call deps_first,run,run)
# The tools first: nobody wants to be asked for a password when the build is done. Nor to hear then of a wrong word.
run: deps-build deps-run run-words image
	$(Q)$(with_memory) $(QEMU_RUN) $(if $(MEMORY),,--memory "$$MEMORY_RUN")
run-words: | deps-run
	$(Q)$(QEMU_RUN) --check
