"""Root in a guest of the image as it ships but for its shell: tests/fault/daemons/misbehave.c in the place of that of DEBUG=1."""

from guests import MISBEHAVE
from misbehave import ROOT_PORT, tell, wait_answers
from overlay import facts, overlay
from waiting import wait_until

# kms-relay's own, but for DEBUG.
FACTS = {"APPLIANCE_NAME": "kms-relay", "SERVICE_NAME": "relay", "SERVICE_PORTS": "1688/tcp", "SERVICE_PROCESSES": "2",
         "HELPER_PROGRAM": "resolver", "DEBUG": "1"}


def root_overlay(folder, files=None):
    """What goes to QEMU's -initrd. FILES: more of the guest's files that it replaces."""
    return overlay(folder, {"/bin/sh": (0o755, MISBEHAVE.read_bytes()), "/etc/thimble/appliance": facts(**FACTS), **(files or {})})


TENTATIVE = 0x40  # linux/if_addr.h


class Root:
    def __init__(self, namespace, host):
        self.namespace, self.host = namespace, host

    def tell(self, command):
        return tell(self.namespace, self.host, command, 60, ROOT_PORT).decode(errors="replace")

    def wait_answers(self, deadline_s=60):
        wait_until(lambda: self.tell("echo here") == "here\n", deadline_s, "root answers")

    def record(self, name):
        """The record NAME of init; empty when there is none."""
        lines = self.tell(f"cat /run/thimble/init/{name}").splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def restarts(self, names):
        """How often each of NAMES was started anew."""
        return {name: int(self.value(name, "restarts")) for name in names}

    def value(self, name, key):
        """KEY of the record NAME of init, where an answer may be lost for want of memory."""
        return wait_until(lambda: self.record(name)[key], 30, f"{key} of {name}", lambda: self.record(name))

    def wait_running(self, name, restarts, deadline_s=90):
        wait_until(lambda: (record := self.record(name)).get("state") == "running" and int(record["restarts"]) == restarts,
                   deadline_s, f"{name} runs, {restarts} restarts", lambda: self.record(name))

    def kill(self, name, others):
        """NAME, which comes back; OTHERS do not notice."""
        before = self.restarts({*others, name})
        pid = self.value(name, "pid")
        wait_until(lambda: self.tell(f"kill {pid}") in ("ok\n", "No such process\n"), 30, f"{name}, {pid}, is killed")
        self.wait_running(name, before[name] + 1)
        after, expected = self.restarts({*others, name}), {**before, name: before[name] + 1}
        assert after == expected, f"{name} was killed: expected of restarts {expected}, got {after}"

    def wait_network(self):
        """What there will be of both families where both are advertised."""
        def is_there():
            defaults = {words[1 if len(words) == 8 else 0] for words in self.network()}
            flags = [int(words[4], 16) for words in map(str.split, self.tell("cat /proc/net/if_inet6").splitlines())]
            return {"00000000", "0" * 32} <= defaults and len(flags) == 3 and not any(flag & TENTATIVE for flag in flags)
        wait_until(is_there, 60, "addresses and default routes of both families", self.network)

    def network(self):
        """Its routes and with them its addresses, as the kernel has them, without the counters."""
        four = [line.split()[:8] for line in self.tell("cat /proc/net/route").splitlines()]
        six = [[*words[:6], words[9]] for words in map(str.split, self.tell("cat /proc/net/ipv6_route").splitlines())]
        return sorted(words for words in four + six if words[-1] != "lo")


PROGRAMS = [f"child.{name}" for name in ("link", "dhcpcd", "net", "log", "resolver", "web", "clock", "console.ttyS0")]  # in each


def start_rooted(namespace, boot, folder, *extra, **options):
    """(a guest that is ready, root in it)."""
    guest = boot(namespace, lines=60, extra=["-initrd", str(root_overlay(folder)), *extra], **options)
    root = Root(namespace, guest.wait_address(r"192\.0\.2\.\d+"))
    root.wait_answers()
    guest.wait_screen(r"Ready: relay to 192\.0\.2\.1:1688")
    for name in [*PROGRAMS, "service"]:
        wait_until(lambda: root.record(name).get("state") == "running", 60, f"{name} runs", lambda: root.record(name))
    return guest, root


def start_rooted_misbehaving(namespace, boot_misbehaving, **options):
    """The same of a guest whose service is misbehave."""
    facts_of_it = {"DEBUG": "1", **options.pop("fact_changes", {})}
    guest = boot_misbehaving(namespace, fact_changes=facts_of_it, files={"/bin/sh": (0o755, MISBEHAVE.read_bytes())}, **options)
    root = Root(namespace, guest.wait_address(r"192\.0\.2\.\d+"))
    root.wait_answers()
    wait_answers(namespace, root.host)
    return guest, root
