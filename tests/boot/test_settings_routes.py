"""Settings by every route that QEMU has: each wins over the one before, and the screen's key c says which it was."""

import re

import pytest
from media import copy_configured
from overlay import facts, overlay
from relay import PORT, assert_reset
from relayed import wait_relayed
from tree import BUILD, HERE

KEYS = ["relay.idle-timeout-s", "relay.half-closed-timeout-s", "relay.max-session-s", "relay.first-byte-timeout-s",
        "relay.connect-timeout-s", "relay.max-connections"]


def values(route):
    """KEYS from ROUTE on get its number: so each of them is of the last route that named it."""
    return {key: str(route + 10) for key in KEYS[route:]}


def lines(route):
    return "".join(f"{key} = {value}\n" for key, value in values(route).items())


def test_each_route_wins_over_the_one_before(dual_stack, boot, tmp_path):
    kernel = copy_configured("efi", tmp_path, lines(0) + "relay.guard = off\n")
    initrd = overlay(tmp_path, {"/etc/thimble.conf": (0o644, lines(1).encode())})
    fw_cfg = tmp_path / "fw_cfg"
    fw_cfg.write_text(lines(3))
    oem = ",".join(["value=vendor"] + [f"value=thimble:{key}={value}" for key, value in values(2).items()])
    guest = boot(dual_stack, image=kernel, guard=True, append=" ".join(f"thimble.{k}={v}" for k, v in values(4).items()),
                 extra=["-initrd", str(initrd), "-smbios", f"type=11,{oem}",
                        "-fw_cfg", f"name=opt/thimble/config,file={fw_cfg}"])
    wait_relayed(dual_stack, guest.wait_address(r"192\.0\.2\.\d+"))
    guest.press(b"c")
    text = guest.wait_screen(r"^ Settings -[\s\S]*relay\.max-connections +14[\s\S]*relay\.splice[\s\S]*power off")[0]
    found = dict(re.findall(r"^ (relay\.\S+) +(\S+ +\(.*\)) *$", text, re.MULTILINE))
    # lines() begins with the key of its own route.
    expected = {KEYS[0]: r"10 +\(image, line 1\)", KEYS[1]: r"11 +\(initrd, line 1\)",
                KEYS[2]: r"12 +\(SMBIOS, OEM string 2\)", KEYS[3]: r"13 +\(fw_cfg, line 1\)",
                KEYS[4]: r"14 +\(kernel command line\)", KEYS[5]: r"14 +\(kernel command line\)"}
    for key, regex in expected.items():
        assert re.fullmatch(regex, found[key]), f"{key}: expected {regex}, got {found[key]!r}"
    guest.press(b"c")
    guest.wait_screen(r"^ Ready: relay")


def test_bad_ones_are_told_by_their_route(dual_stack, boot, tmp_path):
    """The others of the same route hold; bytes that move a cursor stay where they are."""
    fw_cfg = tmp_path / "fw_cfg"
    fw_cfg.write_bytes(b"relay.max-connections = none\nrelay.max-connections = 77\n\x1b[2J = x\n")
    guest = boot(dual_stack, extra=["-smbios", "type=11,value=thimble:hostname=-bad-,value=thimble:nonsense",
                                    "-fw_cfg", f"name=opt/thimble/config,file={fw_cfg}"])
    wait_relayed(dual_stack, guest.wait_address(r"192\.0\.2\.\d+"))
    guest.wait_screen(r"connections now of 77")
    guest.press(b"l")
    for told in ('SMBIOS, OEM string 1: hostname = "-bad-"', 'SMBIOS, OEM string 2: "nonsense"',
                 'fw_cfg, line 1: relay.max-connections = "none"',
                 r'fw_cfg, line 3: "\x1b[2J" is no setting'):
        guest.wait_screen(re.escape(told))


@pytest.mark.parametrize("bad", ["relay.allow = 192.0.2.0/24; fd00::/64\n", f"relay.allow = on-link\n#{20000 * 'x'}\n"],
                         ids=["line", "file"])
def test_nobody_may_come_by_a_guard_that_cannot_be_read(dual_stack, boot, tmp_path, bad):
    """And the screen says so in its first line; a file that is too long may have held any of them."""
    fw_cfg = tmp_path / "fw_cfg"
    fw_cfg.write_text(bad)
    guest = boot(dual_stack, extra=["-fw_cfg", f"name=opt/thimble/config,file={fw_cfg}"])
    address = guest.wait_address(r"192\.0\.2\.\d+")
    guest.wait_screen(r"^ Not ready: relay\.allow is none: nobody may come; 1 setting refused")
    guest.wait_screen(r"^ REFUSED   setting refused, from fw_cfg.*\n?.*nobody may come until it is right")
    try:
        with dual_stack.connect(address, PORT, 10) as client:
            assert_reset(client, "a client")
    except ConnectionResetError:
        pass


def test_a_console_that_cannot_be_read_has_no_keys_that_act(dual_stack, boot):
    guest = boot(dual_stack, append="thimble.console=read-only")
    guest.wait_screen(r"^ REFUSED   .*from kernel command line: console = .*\n?.*console is readonly until it is right")
    guest.press(b"p")
    guest.wait_screen(r"^ l log  c settings  Enter refresh$")


def test_a_command_line_that_is_cut_is_told(dual_stack, boot):
    """What stands before the cut holds; the word at the cut does not, though it is in quotes."""
    guest = boot(dual_stack, append=f'thimble.hostname=before pad.x={"x" * 1800} "thimble.search={"a.example," * 100}')
    guest.wait_screen(r"^ REFUSED   setting refused, from kernel command line: what is behind 2047 bytes,")
    guest.wait_screen(r" before *$")
    guest.press(b"c")
    guest.wait_screen(r"^ hostname +before")
    guest.wait_not_on_screen(r"a\.example")


@pytest.mark.parametrize("route", ["initrd", "SMBIOS", "fw_cfg"])
def test_arguments_of_4095_bytes_come_whole(dual_stack, boot, tmp_path, route):
    words = ["--listen", ":8080", *["word"] * 800, "x" * 80]
    line = "service.args = " + " ".join(words)
    assert len(line) == len("service.args = ") + 4095
    files = {"/bin/service": (0o755, (HERE / BUILD / "check/inside").read_bytes()),
             "/etc/thimble/appliance": facts(SERVICE_NAME="inside", SERVICE_PORTS="8080/tcp"),
             "/etc/thimble/settings.conf": (0o644, b"")}
    fw_cfg = tmp_path / "fw_cfg"
    fw_cfg.write_text(line)
    extra = {"initrd": [], "SMBIOS": ["-smbios", f"type=11,value=thimble:{line}"],
             "fw_cfg": ["-fw_cfg", f"name=opt/thimble/config,file={fw_cfg}"]}[route]
    if route == "initrd":
        files["/etc/thimble.conf"] = (0o644, line.encode())
    guest = boot(dual_stack, upstream=None, extra=["-initrd", str(overlay(tmp_path, files)), *extra])
    address = guest.wait_address(r"192\.0\.2\.\d+")
    guest.wait_screen(r"^ Ready: inside")
    with dual_stack.connect(address, 8080, 20) as sock, sock.makefile() as answer:
        told = [bytes.fromhex(line.split("=")[1]).decode() for line in answer if line.startswith("arg.")]
    assert told[1:] == words
