"""Why a run failed, and the one thing that helps: from QEMU's messages and the guest's last words."""

import re

ENOUGH_MB = 64  # for the images of this tree
MORE_MEMORY = "make run MEMORY={more}      more memory"

PORT_TAKEN = r"Could not set up host forwarding rule '\w+:127\.0\.0\.1:(?P<port>\d+)-"

# QEMU's message -> what it means, what to do. The first one that is found counts. Fields: {memory} MB, {machine}, {image},
# and the groups of the expression.
OF_QEMU = [
    (PORT_TAKEN,
     "again and again another program took port {port} of this host just before QEMU",
     "make run      once more, when less is going on"),
    (r"cannot set up guest memory|Cannot allocate memory|at most \d+ \w+ RAM|ram size too large|exceeds",
     "this host cannot give the guest {memory} MB of memory",
     "make run MEMORY=64      less of it"),
    (r"KVM|kvm",
     "the host's virtualisation does not work here",
     "make run ACCEL=tcg      without it"),
    (r"unsupported machine type|[Nn]o machine specified|Property '.*machine.*' not found",
     "this QEMU does not know the machine {machine}",
     "make run MACHINE=pc      every QEMU has it"),
    (r"[Ii]nvalid kernel|could not load kernel|[Ee]rror loading|ELFCLASS|kernel too old",
     "{image} is no kernel: it is damaged",
     "rm {image} && make      makes it anew"),
]

# The kernel's last words -> the same.
OF_GUEST = [
    (r"give the machine (?P<least>\d+) MiB or more",
     "{memory} MB of memory are too little for this image", "make run MEMORY={least}      more memory"),
    (r"System is deadlocked on memory|[Oo]ut of memory|write error|Cannot allocate",
     "{memory} MB of memory are too little for this image", MORE_MEMORY),
    (r"No working init found|Requested init .* failed|Attempted to kill init",
     "the guest's first program did not start, or ended",
     "make run      without init= and rdinit= in APPEND"),
]

PANIC = re.compile(r"Kernel panic - not syncing: ([^\r\n.]*)")
ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|[()].)")


def _find(table, text, fields):
    for expression, what, help_line in table:
        if match := re.search(expression, text):
            fields = fields | match.groupdict()
            return what.format(**fields), help_line.format(**fields)
    return None


def explain(options, accelerator, messages, console, ended, reset, seen):
    """(what happened, the one thing that helps).

    MESSAGES: QEMU's; CONSOLE: what the guest wrote; ENDED: QEMU's exit status, or None; RESET: whether the guest had
    reset itself; SEEN: what was waited for in vain."""
    fields = {"memory": options.memory, "more": max(ENOUGH_MB, options.memory * 2), "machine": options.machine,
              "image": options.image}
    words = ESCAPES.sub("", console)
    panic = PANIC.search(words)
    if panic:
        what, help_line = _find(OF_GUEST, words, fields) or (
            "the guest's kernel gave up", f"read {options.log}/serial.log      its words")
        return f"{what}: {panic[1].strip()}", help_line
    if ended:
        return _find(OF_QEMU, messages, fields) or (
            f"QEMU ended with status {ended}", "make run V=1      shows QEMU's command")
    if reset or ended == 0:
        seen = "the guest reset itself"
    if accelerator == "kvm":
        return seen, "make run ACCEL=tcg      without the host's virtualisation"
    if options.memory < ENOUGH_MB:
        return seen, MORE_MEMORY.format(**fields)
    return seen, "make run APPEND=ignore_loglevel      the kernel says what it does"
