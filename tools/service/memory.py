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


class Needs:
    """Memory in MB for FILES_MB and their archive of ARCHIVE_MB in an image of IMAGE_MB, with PLACES_MB to write to: DIRECT without
    firmware, UEFI with it, FULL when what can be written to is full; FORM where a form or a definition says it."""

    def __init__(self, files_mb, archive_mb, image_mb, places_mb=0):
        # The archive with the files stays in memory until all are unpacked.
        self.direct = up(GUEST_MB + files_mb + archive_mb)
        self.uefi = max(self.direct, up(UEFI_MB + files_mb + 2 * image_mb))
        # src/init/box.c: all places and /dev/shm together have half of what is free, /dev/shm an eighth, 64 MB at most.
        free = min(places_mb * 8 / 3, 2 * (places_mb + 64)) if places_mb else 0
        self.full = max(self.direct, up(GUEST_MB + files_mb + free))
        self.form = max(FORM_LEAST_MB, self.uefi, self.full)
        self.places = places_mb > 0

    def __str__(self):
        return f"{self.direct} MB of memory, {self.uefi} with UEFI" + (
            f", {self.full} when its writable places are full" if self.places else "")
