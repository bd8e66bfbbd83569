# What a user can do.
# needs: mk/help.txt
# makes: nothing

.PHONY: help
help:
	@cat mk/help.txt
