"""The memory of a guest, from what is in its image."""

STEP_MB = 8
# The kernel and the programs take 15 (bench/memory.md); the rest is for the service to work with.
GUEST_MB = 24
# OVMF takes 60 for an image of 2 MB, 168 for one of 17: it has the image in memory twice, and the kernel unpacked beside it.
UEFI_MB = 80
# What has always been enough, and costs nobody anything: of `make run`, and where a form or a definition says so.
RUN_LEAST_MB, FORM_LEAST_MB = 64, 128


def up(megabytes):
    return -int(-megabytes // STEP_MB) * STEP_MB


def needs(files_mb, archive_mb, image_mb):
    """Memory in MB: without firmware, with UEFI. The archive with the files stays in memory until all are unpacked."""
    direct = up(GUEST_MB + files_mb + archive_mb)
    return direct, max(direct, up(UEFI_MB + files_mb + 2 * image_mb))


def full(files_mb, places_mb):
    """Memory in MB when the writable places are full."""
    return up(GUEST_MB + files_mb + places_mb)
