"""`tools/qemu run`, which is `make run`: screen and ports in a terminal, one picture in a pipe."""

import os
import pty
import re
import socket
import subprocess
import termios
import threading

from guest import BOOT_S, IMAGE, TREE
from vm.screen import SerialScreen
from waiting import wait_until


def command(tmp_path, image=IMAGE, *more):
    return [TREE / "tools/qemu", "run", image, "--name", "kms-relay", "--port", "1688/tcp",
            "--log", tmp_path / "run", *more]


def host_port(text):
    found = re.search(r"127\.0\.0\.1:(\d+) -> service 1688/tcp", text)
    assert found, f"expected the forwarded port to be named:\n{text}"
    return int(found[1])


def test_pipe_shows_the_screen_once_and_ends(tmp_path):
    done = subprocess.run(command(tmp_path), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=100)
    assert done.returncode == 0, f"expected status 0, got {done.returncode}:\n{done.stdout}\n{done.stderr}"
    host_port(done.stdout)
    assert re.search(r"10\.0\.2\.15/24 +dhcp", done.stdout), f"expected the address:\n{done.stdout}"
    assert "\x1b" not in done.stdout, f"expected no escape sequences in a pipe: {done.stdout!r}"


def test_terminal_shows_the_screen_and_ports(tmp_path):
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (30, 100))
    before = termios.tcgetattr(slave)
    ours, theirs = socket.socketpair()
    with socket.create_server(("127.0.0.1", 0)) as upstream:
        upstream.settimeout(BOOT_S)
        setting = f"thimble.relay.guard=off thimble.relay.upstream=10.0.2.2:{upstream.getsockname()[1]}"
        child = subprocess.Popen(command(tmp_path, IMAGE, "--append", setting), stdin=slave, stdout=slave,
                                 stderr=slave)
        # The pseudo-terminal's far end as the socket that SerialScreen reads.
        threading.Thread(target=copy, args=(master, theirs), daemon=True).start()
        threading.Thread(target=copy, args=(theirs, master), daemon=True).start()
        screen = SerialScreen(ours, tmp_path / "terminal.log", 100, 30)
        try:
            assert screen.wait_regex(r"10\.0\.2\.15/24 +dhcp", BOOT_S), f"expected the address:\n{screen.text()}"
            assert "p power off" in screen.text().splitlines()[28], f"expected the guest above our line:\n{screen.text()}"
            last = screen.text().splitlines()[29]
            assert "Ctrl-A X leaves" in last and "-> service 1688/tcp" in last, f"expected the way out, got {last!r}"
            port = host_port((tmp_path / "terminal.log").read_text(errors="replace"))
            with socket.create_connection(("127.0.0.1", port), timeout=BOOT_S) as client:
                client.sendall(b"ping")
                server, _ = upstream.accept()
                with server:
                    server.settimeout(BOOT_S)
                    assert server.recv(10) == b"ping"
            screen.send(b"\x01x")
            assert child.wait(30) == 0, f"expected status 0, got {child.returncode}:\n{screen.text()}"
        finally:
            child.kill()
            child.wait()
        wait_until(lambda: "is switched off" in (tmp_path / "terminal.log").read_text(errors="replace"), 10,
                   "that it says that the guest is off", screen.text)
    assert termios.tcgetattr(slave) == before, "expected the terminal's settings as they were"
    screen.close()
    os.close(slave)


def copy(source, sink):
    read = source.recv if isinstance(source, socket.socket) else lambda size: os.read(source, size)
    try:
        while data := read(65536):
            if isinstance(sink, socket.socket):
                sink.sendall(data)
            else:
                os.write(sink, data)
    except OSError:
        pass
