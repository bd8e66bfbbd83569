# The system calls that each program makes, written down while the tests run, and the lists made of them. Not a part of
# `make check`, which compares the two.
# needs: what the netns tests need; the image
# makes: tests/survey/recorded, src/init/calls/NAME

SURVEY := $(BUILD)/survey
# All that have a list and are of this tree. The others of the tests stay as they are.
surveyed := $(filter $(PROGRAMS),$(notdir $(CALLS_LISTS)))

$(SURVEY)/calls-record: tools/calls-record.c $(MUSL_CC) mk/survey.mk
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(MUSL_CC) $(MUSL_CFLAGS) -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror $(MUSL_LDFLAGS) \
		-DPROGRAMS='"$(abspath $(BUILD))/bin"' -DDATA='"$(abspath $(SURVEY))/data"' -o $@ $<

# A folder in place of $(HOST): tests find the programs there, and the rest beside it.
.PHONY: survey
survey: $(SURVEY)/calls-record programs host-programs $(CHECK)/syslog-ng $(BUILD)/bench/relay-load $(BUILD)/packages/dhcpcd/.done \
		$(BUILD)/packages/ntpd/.done image | deps-check
	$(Q)rm -rf $(addprefix $(SURVEY)/,host bin data)
	$(Q)mkdir -p $(addprefix $(SURVEY)/,host bin data) && chmod 777 $(SURVEY)/data
	$(Q)for name in $(surveyed); do for folder in host bin; do ln -f $< $(SURVEY)/$$folder/$$name; done; done
	$(Q)ln -sfn $(foreach name,packages toolchain check bench,../$(name)) $(SURVEY)
	$(Q)for name in dhcpcd-conf box-harness $(filter-out $(surveyed),$(PROGRAMS)); do ln -sfn ../../host/$$name $(SURVEY)/host; done
	$(Q)THIMBLE_HOST_BIN=$(abspath $(SURVEY)/host) tools/in-namespaces $(PYTEST) --numprocesses=$(shell nproc) tests/survey tests/netns \
		$(foreach name,container service_box poweroff,--ignore tests/netns/test_$(name).py) || \
		echo 'Tests that fail count as well: programs that are asked about each call are slow.'
	$(Q)tools/calls merge $(BUILD)/headers/unistd $(SURVEY)/data tests/survey/recorded
	$(Q)tools/calls write tests/survey/recorded src/init/calls
