"""One running QEMU with its serial port and QMP on socket pairs, so that no path is left behind."""

import ctypes
import shlex
import signal
import socket
import subprocess

from vm import machines
from vm.qmp import Qmp, QmpError

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Vm:
    """Started by the constructor; LOG_PATH gets QEMU's own messages, PASS_FDS are for its -netdev.

    serial: the guest's first serial port, a socket. qmp: a Qmp. process: a Popen."""

    def __init__(self, image, machine, accelerator, memory_mb, log_path, pass_fds=(), **options):
        self.serial, serial_end = socket.socketpair()
        qmp_ours, qmp_end = socket.socketpair()
        self.argv = machines.command_line(image, machine, accelerator, memory_mb, serial_end.fileno(),
                                          qmp_end.fileno(), **options)
        with open(log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=_die_with_parent,
                pass_fds=[serial_end.fileno(), qmp_end.fileno(), *pass_fds])
        serial_end.close()
        qmp_end.close()
        self.qmp = Qmp(qmp_ours)

    def shown_command(self):
        return shlex.join(self.argv)

    def power_button(self):
        self.qmp.command("system_powerdown")

    def stop(self, deadline_s=0):
        """Presses the power button when DEADLINE_S is given; then ends QEMU. True when the guest had
        switched itself off."""
        if deadline_s:
            try:
                self.power_button()
                self.process.wait(deadline_s)
            except (QmpError, OSError, subprocess.TimeoutExpired):
                pass
        clean = self.process.poll() == 0
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.qmp.close()
        return clean
