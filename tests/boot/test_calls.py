"""Each program of the running guest has its filter of system calls; who makes another call is ended, and the call is named."""

import collections
import pathlib
import re
import socket

from overlay import facts, overlay
from tree import BUILD, HERE
from waiting import wait_until

FORBIDDEN = pathlib.Path(HERE / BUILD / "check/forbidden")
# Whose Seccomp: is 2. The helper of dhcpcd is one of its processes.
FILTERED = {"console", "link", "dhcpcd", "net", "log", "relay", "resolver", "web", "clock"}
LIST = "for p in /proc/[0-9]*; do echo \"<$(cat $p/comm) $(grep -c . $p/maps) $(grep Seccomp: $p/status)>\"; done; echo END\n"
KMS_RELAY = {"APPLIANCE_NAME": "kms-relay", "SERVICE_NAME": "relay", "SERVICE_PORTS": "1688/tcp", "HELPER_PROGRAM": "resolver"}


class Shell:
    """What DEBUG=1 has on the second virtio console: root's shell."""

    def __init__(self, folder):
        self.text, self.ends = "", [socket.socketpair() for _ in range(2)]
        self.ours = self.ends[1][0]
        self.ours.settimeout(0.2)
        busybox = pathlib.Path("/bin/busybox").read_bytes()
        files = {"/bin/sh": (0o755, busybox), "/bin/cat": (0o755, busybox), "/bin/grep": (0o755, busybox),
                 "/etc/thimble/appliance": facts(DEBUG="1", **KMS_RELAY)}
        self.extra = ["-initrd", str(overlay(folder, files)), "-device", "virtio-serial-pci"]
        for number, (_, theirs) in enumerate(self.ends):
            self.extra += ["-chardev", f"socket,id=hvc{number},fd={theirs.fileno()}", "-device", f"virtconsole,chardev=hvc{number}"]
        self.pass_fds = [theirs.fileno() for _, theirs in self.ends]

    def ask(self, command, end):
        """What it writes until END, which COMMAND does not have in this form."""
        self.text = ""

        def look():
            try:
                self.text += self.ours.recv(65536).decode(errors="replace")
            except TimeoutError:
                self.ours.sendall(b"" if self.text else b"\n")
            return re.search(end, self.text, re.M)
        self.ours.sendall(command.encode())
        wait_until(look, 60, f"the shell answers {command!r}", lambda: self.text)
        return self.text

    def close(self):
        for pair in self.ends:
            for end in pair:
                end.close()


def test_each_program_has_its_filter(dual_stack, boot, keep, tmp_path):
    """All that run user's code: PID 1 and the shells are the only ones without."""
    shell = keep(Shell(tmp_path))
    guest = boot(dual_stack, extra=shell.extra, pass_fds=shell.pass_fds)
    guest.wait_screen(r"Ready: relay to ")
    shell.ask("\n", r"# ")
    text = shell.ask(LIST, r"^END")
    found = collections.defaultdict(set)
    for name, mapped, seccomp in re.findall(r"^<(\S+) (\d+) Seccomp:\s+(\d)>", text, re.M):
        if mapped != "0":  # the kernel's own threads have no memory
            found[name].add(seccomp)
    without = {name for name, seccomp in found.items() if seccomp != {"2"}}
    assert set(found) >= FILTERED and without <= {"init", "sh", "cat", "grep"}, f"{dict(found)}\n{text}"


def test_program_that_makes_another_call_is_ended_and_the_call_is_named(dual_stack, boot, tmp_path):
    """dhcpcd in this test: init sets its list before it executes."""
    files = {"/sbin/dhcpcd": (0o755, FORBIDDEN.read_bytes())}
    guest = boot(dual_stack, extra=["-initrd", str(overlay(tmp_path, files))])
    guest.wait_screen(r"dhcpcd: ended by a system call that it may not make: ptrace")
    guest.wait_screen(r"seccomp: dhcpcd\[\d+\]: system call 101")
