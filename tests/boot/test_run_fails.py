"""Each way in which `make run` can fail says what happened and the one thing that helps, in a terminal and in a pipe."""

import os
import re
import socket
import subprocess

import pytest

from guest import IMAGE, TREE
from terminal import Terminal
from waiting import wait_until

FAIL_S = 100
SILENT_S = 8


def halted(folder):
    """The image with a loop where the boot loader jumps to: Documentation/arch/x86/boot.rst."""
    image = bytearray(IMAGE.read_bytes())
    start = 0x202 + image[0x201]
    image[start:start + 4] = b"\xfa\xf4\xeb\xfd"  # cli; hlt; and again
    path = folder / "halted.efi"
    path.write_bytes(image)
    return path


def no_kernel(folder):
    path = folder / "broken.efi"
    path.write_bytes(b"no kernel" * 1000)
    return path


def good(folder):
    return IMAGE


# image, more words, what is said, what helps
WAYS = {
    "silent": (halted, [], "nothing on the serial console within 8 s", "make run APPEND=ignore_loglevel "),
    "silent with little memory": (halted, ["--memory", "32"], "nothing on the serial console", "make run MEMORY=64 "),
    "memory for no screen": (good, ["--memory", "10"], "10 MB of memory are too little for this image: not enough memory for",
                             r"make run MEMORY=1[1-9] "),
    "memory for no kernel": (good, ["--memory", "8"], "the guest reset itself", "make run MEMORY=64 "),
    "more memory than the host's": (good, ["--memory", "9999999"], "this host cannot give the guest 9999999 MB of memory",
                                    "make run MEMORY=64 "),
    "no first program": (good, ["--append", "rdinit=/none"],
                         "the guest's first program did not start, or ended: No working init found",
                         "make run      without init= and rdinit= in APPEND"),
    "no kernel": (no_kernel, [], "broken.efi is no kernel: it is damaged", "rm .*/broken.efi && make "),
}


def command(tmp_path, image, *more):
    return [TREE / "tools/qemu", "run", image, "--name", "kms-relay", "--port", "1688/tcp", "--status-port", "80",
            "--deadline", str(SILENT_S), "--log", tmp_path / "run", *more]


def one_help(text, expected):
    """TEXT names EXPECTED, an expression, as the one thing that helps."""
    lines = text.splitlines()
    at = [number for number, line in enumerate(lines) if line.rstrip().endswith("What helps:")]
    assert len(at) == 1, f"expected one advice, got:\n{text}"
    assert re.search(expected, lines[at[0] + 1]), f"expected {expected!r} to help, got:\n{text}"
    assert not any(line.startswith("    ") for line in lines[at[0] + 2:]), f"expected nothing else, got:\n{text}"
    assert "Traceback" not in text, text


def run_in_pipe(argv, **environment):
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=FAIL_S, check=False,
                          env=os.environ | environment)


@pytest.mark.parametrize("way", WAYS)
def test_in_a_pipe(tmp_path, way):
    make, more, said, helps = WAYS[way]
    done = run_in_pipe(command(tmp_path, make(tmp_path), *more))
    assert done.returncode == 1, f"expected status 1, got {done.returncode}: {done.stderr}"
    assert said in done.stderr, f"expected {said!r}, got:\n{done.stderr}"
    one_help(done.stderr, helps)


def after_screen(folder):
    """What a terminal got since the run left its alternate screen."""
    return (folder / "terminal.log").read_text(errors="replace").replace("\r", "").rpartition("\x1b[?1049l")[2]


@pytest.mark.parametrize("way", WAYS)
def test_in_a_terminal(keep, tmp_path, way):
    make, more, said, helps = WAYS[way]
    terminal = keep(Terminal(command(tmp_path, make(tmp_path), *more), tmp_path / "terminal.log", 160, 40))
    assert terminal.wait_end(FAIL_S) == 1, terminal.screen.text()
    wait_until(lambda: "What helps:\n    " in after_screen(tmp_path), 10, "advice", terminal.screen.text)
    text = after_screen(tmp_path)
    assert said in text, f"expected {said!r}, got:\n{text}"
    one_help(text, helps)


def qemu_that_is_late(folder, always):
    """A QEMU that finds its first port taken by another program: the first time it is called, or ALWAYS."""
    folder.mkdir()
    late = folder / "qemu-system-x86_64"
    late.write_text("#!/usr/bin/python3\nimport os, pathlib, re, socket, sys\n"
                    f"called = pathlib.Path({str(folder / 'called')!r})\n"
                    f"if {always} or not called.exists():\n"
                    "    called.touch()\n"
                    "    port = re.search(r'hostfwd=tcp:127.0.0.1:(\\d+)', ' '.join(sys.argv))[1]\n"
                    "    taken = socket.create_server(('127.0.0.1', int(port)))\n"
                    "    os.set_inheritable(taken.fileno(), True)\n"
                    f"os.environ['PATH'] = {os.environ['PATH']!r}\nos.execvp('qemu-system-x86_64', sys.argv)\n")
    late.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def test_a_port_that_is_taken_meanwhile(tmp_path):
    done = run_in_pipe(command(tmp_path, IMAGE, "--deadline", "60"), **qemu_that_is_late(tmp_path / "bin", False))
    assert done.returncode == 0, done.stderr
    assert re.search(r"127\.0\.0\.1:\d+ -> service 1688/tcp", done.stdout), done.stdout


def test_a_port_that_is_taken_each_time(tmp_path):
    done = run_in_pipe(command(tmp_path, IMAGE), **qemu_that_is_late(tmp_path / "bin", True))
    assert done.returncode == 1, done.stderr
    assert re.search(r"again and again another program took port \d+ of this host", done.stderr), done.stderr
    one_help(done.stderr, "make run      once more")


def test_no_qemu(tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    os.symlink("/usr/bin/python3", folder / "python3")
    done = run_in_pipe(command(tmp_path, IMAGE), PATH=str(folder))
    assert done.returncode == 1 and "there is no qemu-system-x86_64 here; `make deps-run` installs it" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr, done.stderr


def test_no_address_is_no_failed_boot(tmp_path):
    """The screen is there, and says what it waits for."""
    done = run_in_pipe(command(tmp_path, IMAGE, "--append", "thimble.ip=eth0:none", "--deadline", "20"))
    assert done.returncode == 1, done.stderr
    assert "the guest runs, but has no address after 20 s" in done.stderr, done.stderr
    assert "p power off" in done.stdout, f"expected the screen:\n{done.stdout}"
    one_help(done.stderr, "the screen above says what it waits for")


def test_without_a_screen_the_page_tells_that_it_runs(tmp_path):
    done = run_in_pipe(command(tmp_path, IMAGE, "--append", "thimble.console=off", "--deadline", "60"))
    assert done.returncode == 0, done.stderr
    assert "no screen here: the setting console is off. The guest runs, its page answers" in done.stdout, done.stdout


def test_without_a_screen_a_terminal_waits(keep, tmp_path):
    terminal = keep(Terminal(command(tmp_path, IMAGE, "--append", "thimble.console=off"), tmp_path / "terminal.log", 160, 40))
    line = terminal.wait_screen(r"http://127\.0\.0\.1:(\d+)/ status page", 30)
    wait_until(lambda: answers(int(line[1])), 60, "that the page answers")
    assert terminal.child.poll() is None, terminal.screen.text()
    terminal.screen.send(b"\x01x")
    assert terminal.wait_end(30) == 0, terminal.screen.text()


def answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as page:
            page.settimeout(2)
            page.sendall(b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return page.recv(12) == b"HTTP/1.1 200"
    except OSError:
        return False
