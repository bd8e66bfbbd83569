# Users of the guest: of the programs that init supervises, and of packages (NAME_USERS).
# needs: src/init/programs.def; package.mk
# makes: $(BUILD)/etc/passwd and group; $(call programs_when,WHEN), names; $(call user_number,NAME)

# NAME:UID:HOME:WHEN of each row.
program_rows := $(shell sed -nE 's/^PROGRAM.([a-z]+), ([0-9]+), "([^"]*)", ([A-Z_]+),$$/\1:\2:\3:\4/p' src/init/programs.def)
user_number = $(word 2,$(subst :, ,$(filter $1:%,$(program_rows))))
programs_when = $(foreach row,$(program_rows),$(if $(filter $1,$(lastword $(subst :, ,$(row)))),$(firstword $(subst :, ,$(row)))))

users := $(program_rows) $(foreach package,$(PACKAGES),$($(package)_USERS))
user_column = $(foreach user,$(users),$(word $1,$(subst :, ,$(user))))
same_user := $(shell printf '%s\n' $(call user_column,1) $(filter-out 0,$(call user_column,2)) | sort | uniq -d)
ifneq ($(same_user),)
$(error src/init/programs.def, packages/*/package.mk: two users have the name or number $(same_user))
endif

# root, and the others in the order of their numbers.
define write_users
	$(Q)mkdir -p $(@D)
	$(Q)printf '%s\n' root:0:/ $(users) | sort -t: -s -k2,2n | awk -F: 'NR == 1 || $$2 != 0 { print $1 }' OFS=: > $@.new
	$(Q)$(call update,$@)
endef
$(BUILD)/etc/passwd: FORCE
	$(call write_users,$$1 FS "x" FS $$2 FS $$2 FS FS $$3 FS "/")
$(BUILD)/etc/group: FORCE
	$(call write_users,$$1 FS "x" FS $$2 FS)
