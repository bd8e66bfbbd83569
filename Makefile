# Thimble: virtual appliances that are one small file. `make help` lists what you can do.
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := image

include mk/config.mk
include mk/deps.mk
include mk/sources.mk
include mk/toolchain.mk
include mk/packages.mk
include mk/programs.mk
include mk/users.mk
include mk/appliance.mk
include mk/rootfs.mk
include mk/kernel.mk
include mk/image.mk
include mk/formats.mk
include mk/deploy.mk
include mk/run.mk
include mk/pictures.mk
include mk/check.mk
include mk/survey.mk
include mk/fuzz.mk
include mk/coverage.mk
include mk/bench.mk
include mk/help.mk
