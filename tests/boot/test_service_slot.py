"""The service is started by its own name with just the arguments that were said, and has a home of its own."""

import shlex

import pytest

from guest import TREE

IMAGE = TREE / "out/inside-x86_64.efi"
PORT = 8080


def told(lan, boot, append=""):
    """What the service in the slot finds: name -> value."""
    guest = boot(lan, image=IMAGE, upstream=None, append=append)
    four = guest.wait_address(r"192\.0\.2\.\d+")
    guest.wait_screen(rf"Ready: inside on {four}, port {PORT}/tcp")
    with lan.connect(four, PORT, 20) as sock:
        answer = b""
        while data := sock.recv(65536):
            answer += data
    return dict(line.split("=", 1) for line in answer.decode().splitlines())


def arguments(found):
    return [bytes.fromhex(found[f"arg.{number}"]).decode() for number in range(len([key for key in found if key.startswith("arg.")]))]


def test_as_built(dual_stack, boot):
    """The image of mk/check.mk's ARGS, which no shell and no make has taken anything from."""
    found = told(dual_stack, boot)
    assert arguments(found) == ["/usr/bin/inside", "--listen", ":8080", "$HOME", "it's", 'say "hi"', "\\", "", "…"]
    assert found["exe"] == "/usr/bin/inside" and found["path"] == "/usr/bin:/bin:/sbin"
    assert found["home"] == "/home/service" and found["writable.home"] == found["writable./tmp"] == "yes"
    assert found["mode./home/service"] == f"700 {found['uid']}" and found["mode./"] == "755 0"
    assert found["writable./"] == "Read-only file system"


def test_calls_that_no_service_may_make(dual_stack, boot):
    """While it answers. What the kernel does not have is refused as well."""
    found = told(dual_stack, boot)
    calls = {name.partition(".")[2]: why for name, why in found.items() if name.startswith("call.")}
    refused = dict.fromkeys(("mount", "unshare", "ptrace", "keyctl", "bpf", "perf_event_open", "io_uring_setup"), "Operation not permitted")
    assert calls == refused | {"clone3": "Function not implemented", "memfd": "Permission denied"}


@pytest.mark.parametrize("words", [
    "--listen :8080 'a b' c\\ d",
    "--listen :8080 " + " ".join(f"{number}" for number in range(300)),
])
def test_from_the_command_line(dual_stack, boot, words):
    found = told(dual_stack, boot, append=f'"thimble.service.args={words}"')
    assert arguments(found) == ["/usr/bin/inside", *shlex.split(words)]


def test_what_cannot_be_said_leaves_the_others_in_force(dual_stack, boot):
    """An open quote is no argument; the image's own hold, and the screen says so."""
    guest = boot(dual_stack, image=IMAGE, upstream=None, append="\"thimble.service.args=--listen :9999 'a\"")
    guest.wait_screen(r"service\.args = \"--listen :9999 'a\",\s+an open single quote")
    four = guest.wait_address(r"192\.0\.2\.\d+")
    guest.wait_screen(rf"Ready: inside on {four}, port {PORT}/tcp")
