"""QEMU's gdb stub (-gdb): stops the processor, reads where it is, writes to its memory. By the GDB Remote Serial Protocol."""

import pathlib
import shutil
import socket
import struct
import tempfile

from waiting import wait_until

RIP, CS = 128, 140  # where they are in what `g` answers for x86-64: 16 registers of 8 bytes, rip, eflags, cs
STUCK = b"\xfa\xeb\xfe"  # cli; jmp .


class GdbStub:
    """At PATH, of a machine that runs: now it stands still."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(str(path))
        self.stream = self.socket.makefile("rb")
        self._answer()  # "stopped": it says so by itself

    def _send(self, text):
        self.socket.sendall(f"${text}#{sum(text.encode()) % 256:02x}".encode())

    def _answer(self):
        while (byte := self.stream.read(1)) != b"$":
            assert byte, "the gdb stub has closed its end"  # else a "+": it has what was sent
        text = b""
        while (byte := self.stream.read(1)) != b"#":
            text += byte
        self.stream.read(2)
        self.socket.sendall(b"+")
        return text.decode()

    def ask(self, text):
        self._send(text)
        return self._answer()

    def where(self):
        """(RIP, whether the kernel runs)."""
        registers = bytes.fromhex(self.ask("g"))
        return struct.unpack_from("<Q", registers, RIP)[0], struct.unpack_from("<I", registers, CS)[0] & 3 == 0

    def write(self, address, data):
        answer = self.ask(f"M{address:x},{len(data):x}:{data.hex()}")
        assert answer == "OK", f"expected OK for a write to {address:#x}, got {answer!r}"

    def go(self):
        self._send("c")

    def halt(self):
        self.socket.sendall(b"\x03")
        self._answer()

    def leave(self):
        """The machine runs on."""
        self.ask("D")
        self.close()

    def close(self):
        self.stream.close()
        self.socket.close()


class GdbPort:
    """Where the stub of a machine listens. The path is short, as sockets' are."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gdb", dir="/run"))
        self.path = self.folder / "socket"

    def argv(self):
        return ["-gdb", f"unix:{self.path},server=on,wait=off"]

    def where(self):
        stub = GdbStub(self.path)
        found = stub.where()
        stub.leave()
        return found

    def hang_kernel(self):
        """It turns in a circle from now on, with interrupts off. Returns where."""
        stub = GdbStub(self.path)

        def in_kernel():
            rip, kernel = stub.where()
            if not kernel:
                stub.go()
                stub.halt()
            return rip if kernel else None
        rip = wait_until(in_kernel, 60, "the processor runs the kernel")
        stub.write(rip, STUCK)
        stub.leave()
        return rip

    def close(self):
        shutil.rmtree(self.folder)
