"""The clock program and the image's ntpd in a namespace, with the setting of the clock led to nowhere.

A network namespace has no clock of its own: what ntpd set would be the host's. So the calls that set it succeed without
being made (seccomp), and the right to make them is gone as well. What stepping does is shown by tests/boot."""

import ctypes
import os
import pathlib
import struct

from netns import stop
from records import read_record
from tree import HOST_BIN
from waiting import wait_until

NTPD = HOST_BIN.parent / "packages/ntpd/root/bin/ntpd"

_libc = ctypes.CDLL(None, use_errno=True)
CAP_SYS_TIME = 25
PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 24, 38, 2
CLOCK_CALLS = {"adjtimex": 159, "settimeofday": 164, "clock_settime": 227, "clock_adjtime": 305}  # of x86-64


def _filter():
    """struct sock_fprog's instructions (linux/filter.h): those calls return 0, all others are made."""
    load, equal, give = 0x20, 0x15, 0x06
    allow, succeed = 0x7FFF0000, 0x00050000  # SECCOMP_RET_ALLOW; SECCOMP_RET_ERRNO with no error
    count = len(CLOCK_CALLS)
    steps = [(load, 0, 0, 0)]
    steps += [(equal, count - i, 0, number) for i, number in enumerate(CLOCK_CALLS.values())]
    steps += [(give, 0, 0, allow), (give, 0, 0, succeed)]
    return b"".join(struct.pack("HBBI", *step) for step in steps)


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def leave_the_clock_alone():
    """For this process and all that it starts; as preexec_fn."""
    code = ctypes.create_string_buffer(_filter())
    program = _Program((len(code) - 1) // 8, ctypes.addressof(code))
    for arguments in ((PR_CAPBSET_DROP, CAP_SYS_TIME, 0, 0, 0), (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
                      (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0)):
        if _libc.prctl(*arguments) != 0:
            raise OSError(ctypes.get_errno(), f"prctl {arguments}")


class Clock:
    """The program in NAMESPACE. NTP: the setting. RUN_DIR: one that net writes to; else a record of an address is there
    from the start, unless ADDRESSES says otherwise, and set_net() writes what net would."""

    def __init__(self, namespace, folder, ntp="", run_dir=None, addresses=("192.0.2.7/24",)):
        self.namespace = namespace
        self.folder = pathlib.Path(folder)
        self.run_dir = pathlib.Path(run_dir) if run_dir else self.folder / "run"
        self.log = self.folder / "clock.log"
        self.resolv_conf = self.folder / "resolv.conf"
        self.resolv_conf.touch()
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        for name, path in (("clock", HOST_BIN / "clock"), ("ntpd", NTPD)):
            (self.bin / name).symlink_to(path)
        (self.run_dir / "init").mkdir(parents=True, exist_ok=True)
        (self.run_dir / "init/config").write_text(f"ntp={ntp}\n")
        if run_dir is None:
            (self.run_dir / "net").mkdir()
            self.set_addresses(*addresses)
        self.child = None
        self.start()

    def start(self):
        mount = f'mount --bind {self.resolv_conf} /etc/resolv.conf && exec "$0"'
        self.child = self.namespace.start(
            "unshare", "--mount", "sh", "-c", mount, self.bin / "clock", log=self.log, preexec_fn=leave_the_clock_alone,
            env={**os.environ, "THIMBLE_RUN": str(self.run_dir), "PATH": f"{self.bin}:{os.environ['PATH']}"})
        self.wait(lambda record: "state" in record, "there is one")

    def _write(self, name, lines):
        new = self.run_dir / f"net/{name}.new"
        new.write_text("".join(line + "\n" for line in lines))
        new.rename(self.run_dir / "net" / name)

    def set_net(self, *servers):
        """The record net/resolver with these time servers."""
        self._write("resolver", [f"ntp.{n}={server}" for n, server in enumerate(servers, 1)] + ["left_out=0"])

    def set_addresses(self, *addresses):
        """The record net/eth0 with these addresses, each with its prefix."""
        self._write("eth0", ["ifname=eth0", "link=up"] +
                    [f"address.{n}={address} dhcp forever" for n, address in enumerate(addresses, 1)])

    def record(self):
        return read_record(self.run_dir, "clock", "state")

    def wait(self, condition, what, deadline_s=30):
        """Waits until CONDITION of the record clock/state holds, and returns the record."""
        def look():
            if self.child.poll() is not None:
                raise RuntimeError(f"clock ended with status {self.child.returncode}:\n{self.log_text()}")
            record = self.record()
            return record if condition(record) else None
        return wait_until(look, deadline_s, f"record clock/state: {what}", lambda: f"{self.record()}\n{self.log_text()}")

    def wait_state(self, state, deadline_s=30, **others):
        expected = {"state": state, **others}
        return self.wait(lambda record: expected.items() <= record.items(), f"{expected}", deadline_s)

    def ntpd(self):
        """Its process id, or None."""
        children = open(f"/proc/{self.child.pid}/task/{self.child.pid}/children").read().split()
        return int(children[0]) if children else None

    def turns(self):
        """How often it has gone to sleep: more than before means that it has looked at what there was to see."""
        status = pathlib.Path(f"/proc/{self.child.pid}/status").read_text()
        return int(status.partition("voluntary_ctxt_switches:")[2].split()[0])

    def asked(self):
        """The servers on the ntpd's command line, once there is one."""
        def look():
            words = pathlib.Path(f"/proc/{self.ntpd()}/cmdline").read_bytes().decode().split("\0")
            return words if words[0] == "ntpd" else None
        words = wait_until(look, 10, "ntpd runs", self.log_text)
        return [word for option, word in zip(words, words[1:]) if option == "-p"]

    def log_text(self):
        return self.log.read_bytes().decode("utf-8", "replace")

    def exhibits(self):
        yield "clock: record", str(self.record())
        yield "clock: log", self.log_text()[-8000:]

    def close(self):
        """SIGTERM; a sanitizer's finding makes the status not 0."""
        if self.child.poll() is None:
            status = stop(self.child)
            assert status == 0, f"expected clock to end with status 0, got {status}:\n{self.log_text()}"
