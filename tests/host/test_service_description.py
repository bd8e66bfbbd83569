"""What starts, as whom, where it may write and how it ends is what the image says, and what the user says instead."""

import re
import stat

import pytest

import oci
from elf import AARCH64, ET_EXEC, elf
from packed import Packer
from tree import HERE

RUN = elf(kind=ET_EXEC)
PASSWD = "root:x:0:0:root:/root:/bin/sh\nweb:x:70:71:web:/srv/web:/bin/sh\nbroken\nodd:x:seven:1::/:/\n"
GROUP = "root:x:0:\nweb:x:71:\nextra:x:80:root,web\nmore:x:90:web\n"
MIB = 1 << 20
DOCKER_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
FILES = {
    "bin/sh": (RUN, 0o755), "usr/sbin/daemon": (RUN, 0o755), "usr/bin/env": (RUN, 0o755), "usr/bin/secret": (RUN, 0o700),
    "entry.sh": (b"#!/bin/sh\nexec \"$@\"\n", 0o755), "usr/bin/plain": (b"no program", 0o755), "usr/local/bin/daemon": (RUN, 0o644),
    "usr/bin/other": (elf(kind=ET_EXEC, machine=AARCH64), 0o755), "usr/bin/lost": (b"#!/usr/bin/perl -w\n", 0o755),
    "usr/bin/loose": (b"#!/usr/bin/env node\n", 0o755), "usr/bin/dynamic": (elf(kind=ET_EXEC, interpreter="/lib/ld.so"), 0o755),
    "usr/bin/loop": (b"#!/usr/bin/loop\n", 0o755), "etc/passwd": (PASSWD.encode(), 0o644), "etc/group": (GROUP.encode(), 0o644),
}


@pytest.fixture
def packer(tmp_path):
    """In a folder with a daemon, and a root with the FILES."""
    (tmp_path / "my daemon.bin").write_bytes(RUN)
    for path, (content, mode) in FILES.items():
        (tmp_path / "root" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "root" / path).write_bytes(content)
        (tmp_path / "root" / path).chmod(mode)
    return Packer(tmp_path)


def image(packer, files=FILES, entries=(), reference=None, **config):
    """The words for a container image with the FILES and CONFIG; to Docker's names."""
    layout = oci.Layout()
    annotations = {"annotations": {"org.opencontainers.image.ref.name": reference}} if reference else {}
    layout.image(oci.layer(*(oci.entry(name, content, mode=mode) for name, (content, mode) in files.items()), *entries),
                 config={"Cmd": ["daemon"], **config}, **annotations)
    return "--container", layout.archive(packer.folder / "shop.oci.tar")


def root(*command):
    return "--root", "root", "--command", *(command or ["daemon"])


# --- the three kinds --------------------------------------------------------------------------------------------------------

def test_a_program(packer):
    made = packer.pack("--binary", "my daemon.bin", "--args", "--listen :8080 'a b'", "--port", "8080/tcp 53/udp")
    assert {key: made.rows[key] for key in ("name", "service", "ports", "root", "users", "uid", "gid", "file", "workdir", "root_bytes")} == {
        "name": "my-daemon", "service": "my-daemon", "ports": "8080/tcp 53/udp", "root": "/service", "users": "namespace", "uid": "104",
        "gid": "104", "file": "/usr/bin/my-daemon.bin", "workdir": "/", "root_bytes": "0"}
    assert made.list("command") == ["/usr/bin/my-daemon.bin"] and made.settings == "service.args = --listen :8080 'a b'\n"
    assert made.env()["PATH"] == "/usr/bin:/bin:/sbin" and made.env()["HOME"] == "/home/service"
    assert made.places() == {"/home/service": f"{16 * MIB} 104 104 0700", "/tmp": f"{16 * MIB} 0 0 1777"}
    assert made.file("/usr/bin/my-daemon.bin").content == RUN and made.owned("/home/service") == (0o700, 104, 104)
    assert re.search(r"needs \d+ MB of memory, \d+ with UEFI, \d+ when its writable places are full$", made.stdout.strip())


def test_a_folder(packer):
    made = packer.pack(*root("/usr/sbin/daemon -g 'daemon off;'"), "--args", "-v")
    assert made.list("command") == ["/usr/sbin/daemon", "-g", "daemon off;"] and made.settings == "service.args = -v\n"
    assert made.rows["name"] == "daemon" and made.rows["uid"] == "0" and made.rows["root_bytes"] == str(16 * MIB)
    assert made.env()["PATH"] == DOCKER_PATH and made.env()["HOME"] == "/root" and made.places() == {}


def test_a_container(packer):
    made = packer.pack(*image(
        packer, Entrypoint=["/entry.sh", "it's"], Cmd=["daemon", "a b", "", "it's", "$HOME"], Env=["A=1", "PATH=/usr/sbin:/bin", "B=x=y"],
        User="web", WorkingDir="/srv/new", ExposedPorts={"443/tcp": {}, "80/tcp": {}}, Volumes={"/data": {}, "/etc/deep": {}},
        StopSignal="SIGQUIT", Healthcheck={"Test": ["CMD-SHELL", "exit 0"], "Interval": 5 * 10**9, "Retries": 2}))
    assert made.list("command") == ["/entry.sh", "it's"] and made.rows["file"] == "/entry.sh"
    assert made.settings == "service.args = daemon 'a b' '' 'it'\\''s' '$HOME'\nstatus-port = 8080\n"
    assert made.env() == {"PATH": "/usr/sbin:/bin", "A": "1", "B": "x=y", "HOME": "/srv/web"} | {
        key: value for key, value in made.env().items() if key == "SSL_CERT_FILE"}
    assert (made.rows["uid"], made.rows["gid"], made.rows["groups"]) == ("70", "71", "80 90")
    assert made.rows["workdir"] == "/srv/new" and stat.S_ISDIR(made.file("/srv/new").mode) and made.rows["ports"] == "80/tcp 443/tcp"
    assert made.places() == {"/data": f"{64 * MIB} 0 0 0755", "/etc/deep": f"{64 * MIB} 0 0 0755"} and made.rows["stop_signal"] == "3"
    assert made.rows["health"] == "exec" and made.list("health") == ["/bin/sh", "-c", "exit 0"]
    assert {key: value for key, value in made.rows.items() if key.startswith("health_")} == {
        "health_interval_ms": "5000", "health_timeout_ms": "30000", "health_start_ms": "0", "health_retries": "2"}


def test_what_the_user_says_instead(packer):
    words = image(packer, Entrypoint=["/entry.sh"], Cmd=["a"], Env=["A=1"], User="web", WorkingDir="/srv", ExposedPorts={"80": {}},
                  Volumes={"/data": {}}, StopSignal="SIGINT", Healthcheck={"Test": ["CMD", "daemon"]})
    made = packer.pack(*words, "--args", "x 'y z'", "--env", "A=2 'C=two words'", "--env", "D=", "--workdir", "/bin", "--port", "53/udp",
                       "--user", "12:web", "--writable", "/data:1M '/:32M' /var/x:4K", "--stop-signal", "RTMIN+3", "--health",
                       "http:8080/ok", "--name", "front", "--sys", "--memfd", "--calls", "read  write")
    assert made.list("command") == ["/entry.sh"] and made.settings == "service.args = x 'y z'\n"
    assert [made.env()[name] for name in "ACD"] == ["2", "two words", ""] and made.rows["workdir"] == "/bin"
    assert (made.rows["uid"], made.rows["gid"]) == ("12", "71") and "groups" not in made.rows and made.rows["ports"] == "53/udp"
    assert made.places() == {"/data": f"{MIB} 12 71 0755", "/var/x": "4096 12 71 0755"} and made.rows["root_bytes"] == str(32 * MIB)
    assert (made.rows["stop_signal"], made.rows["health"], made.rows["name"], made.rows["sys"]) == ("37", "http:8080/ok", "front", "1")
    assert (made.rows["calls"], made.rows["memfd"]) == ("read write", "1")
    assert made.env()["HOME"] == "/"


def test_a_command_replaces_entrypoint_and_cmd(packer):
    made = packer.pack(*image(packer, Entrypoint=["/entry.sh"], Cmd=["a"]), "--command", "daemon -f")
    assert made.list("command") == ["daemon", "-f"] and made.rows["file"] == "/usr/sbin/daemon" and made.settings == "service.args = \n"


def test_a_cmd_alone_has_the_program_too(packer):
    """What service.args replaces is what is behind it."""
    made = packer.pack(*image(packer, Cmd=["daemon", "-f"]))
    assert made.list("command") == ["daemon"] and made.settings == "service.args = -f\n"


def test_arguments_that_no_setting_can_have_stay_in_the_command(packer):
    made = packer.pack(*image(packer, Entrypoint=["daemon"], Cmd=["a\tb", "c"]))
    assert made.list("command") == ["daemon", "a\tb", "c"] and made.settings == "service.args = \n"


def test_names(packer):
    assert packer.pack(*image(packer)).rows["name"] == "shop"
    assert packer.pack(*image(packer, reference="example.org:5000/web/front:1.2")).rows["name"] == "front"


# --- as whom ----------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("user, ids", [
    ("", ("0", "0", "80", "/root")), ("root", ("0", "0", "80", "/root")), ("web", ("70", "71", "80 90", "/srv/web")),
    ("70", ("70", "71", "80 90", "/srv/web")), ("web:extra", ("70", "80", None, "/srv/web")), ("5000", ("5000", "0", None, "/")),
    ("5000:6000", ("5000", "6000", None, "/")), ("web:0", ("70", "0", None, "/srv/web")),
])
def test_users_as_docker_resolves_them(packer, user, ids):
    made = packer.pack(*image(packer, User=user))
    assert (made.rows["uid"], made.rows["gid"], made.rows.get("groups"), made.env()["HOME"]) == ids


def test_who_may_execute_it_is_told_by_owner_and_group(packer):
    mine = [oci.entry("usr/bin/mine", RUN, mode=0o500, uid=70), oci.entry("usr/bin/ours", RUN, mode=0o050, uid=1, gid=80)]
    words = image(packer, entries=mine, User="web")
    assert [packer.pack(*words, "--command", name).rows["file"] for name in ("mine", "ours")] == ["/usr/bin/mine", "/usr/bin/ours"]
    assert "/usr/bin/mine may not be executed by user 71" in packer.refuses(*words, "--command", "mine", "--user", "71:80")


def test_files_have_the_owners_of_the_image(packer):
    made = packer.pack(*image(packer, entries=[oci.entry("srv/a", b"", mode=0o4755, uid=70, gid=71), oci.entry("srv/far", b"", uid=70000)]))
    assert made.owned("/srv/a") == (0o4755, 70, 71) and made.owned("/srv/far")[1] == 65534 and made.owned("/")[1:] == (0, 0)
    assert made.members["etc/thimble/service"].uid == 0


def test_capabilities_of_the_network_are_had_by_one_user(packer):
    made = packer.pack(*image(packer, User="web", entries=[oci.entry("srv/a", b"", uid=70)]), "--capabilities", "NET_RAW CAP_NET_ADMIN")
    assert (made.rows["users"], made.rows["uid"], made.rows["gid"], made.rows["capabilities"]) == ("one", "104", "104", "net_admin net_raw")
    assert {(file.uid, file.gid) for path, file in made.members.items() if path.startswith("service")} == {(104, 104)}
    assert packer.pack(*root(), "--capabilities", "net_bind_service").rows["users"] == "namespace"


# --- what is found in the root ------------------------------------------------------------------------------------------------

def test_the_skeleton_is_what_the_root_lacks(packer):
    made = packer.pack(*root())
    for name in ("proc", "sys", "dev", "tmp", "run"):
        assert stat.S_ISDIR(made.file(f"/{name}").mode)
    assert made.owned("/tmp")[0] == 0o1777 and made.file("/etc/passwd").content == PASSWD.encode()
    assert b"http 80/tcp" in made.file("/etc/services").content and b"hosts: files dns" in made.file("/etc/nsswitch.conf").content
    assert all(made.file(f"/etc/{name}").content == b"" for name in ("resolv.conf", "hosts", "hostname"))


def test_the_skeleton_takes_the_place_of_links_and_files(packer):
    links = [oci.symlink("etc/resolv.conf", "../run/resolv.conf"), oci.symlink("tmp", "gone"), oci.entry("dev", b"file")]
    made = packer.pack(*image(packer, entries=links))
    assert stat.S_ISREG(made.file("/etc/resolv.conf").mode) and stat.S_ISDIR(made.file("/dev").mode) and stat.S_ISDIR(made.file("/tmp").mode)


def test_certificates_are_this_machines_where_there_are_none(packer):
    ours = (HERE / "/etc/ssl/certs/ca-certificates.crt").read_bytes()
    made = packer.pack(*root())
    assert made.file("/etc/ssl/certs/ca-certificates.crt").content == ours and "took those of this machine" in made.stderr
    assert made.env()["SSL_CERT_FILE"] == "/etc/ssl/certs/ca-certificates.crt"
    own = packer.folder / "root/etc/pki/tls/certs/ca-bundle.crt"
    own.parent.mkdir(parents=True)
    own.write_text("own")
    made = packer.pack(*root())
    assert "service/etc/ssl/certs/ca-certificates.crt" not in made.members and "SSL_CERT_FILE" not in made.env() and made.stderr == ""


def test_the_user_of_the_slot_is_the_guests():
    number = re.search(r"^PROGRAM\(service, (\d+), \"(.*?)\"", (HERE / "src/init/programs.def").read_text(), re.M)
    passwd = (HERE / "rootfs/service/passwd").read_text()
    assert number and f"service:x:{number[1]}:{number[1]}:service:{number[2]}:" in passwd


def test_a_place_belongs_to_who_writes_there(packer):
    """As the root has it where that lets the service write; the service's own otherwise."""
    folder = oci.folder("srv/mine", uid=70, gid=71, mode=0o700)
    words = image(packer, User="web", entries=[folder, oci.folder("srv/roots", mode=0o755), oci.symlink("srv/link", "mine")])
    made = packer.pack(*words, "--writable", "/srv/link:1M /srv/roots:2M")
    assert made.places() == {"/srv/mine": f"{MIB} 70 71 0700", "/srv/roots": f"{2 * MIB} 70 71 0755"}


def test_settings_of_the_site_and_the_other_compression(packer):
    (packer.folder / "site.conf").write_text("# mine\nhostname = web1\n")
    made = packer.pack(*root(), "--config", "site.conf", "--compress", "xz")
    assert made.members["etc/thimble/site.conf"].content == b"# mine\nhostname = web1\n" and made.data[:4] == b"\xfd7zX"


def test_the_same_bytes_each_time(packer):
    assert packer.pack(*root()).data == packer.pack(*root()).data


# --- what is refused ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("words, said", [
    (("--command", "none"), f"--command none: there is no 'none' in {DOCKER_PATH} in the service's root"),
    (("--command", "./none"), "there is no './none' at /none"),
    (("--command", "plain"), "/usr/bin/plain: it is no ELF executable"),
    (("--command", "other"), "/usr/bin/other: it is for aarch64 (64 bit), the guest is x86_64"),
    (("--command", "/usr/local/bin/daemon"), "/usr/local/bin/daemon may not be executed by user 0; what helps: chmod +x"),
    (("--command", "secret", "--user", "web"), "/usr/bin/secret may not be executed by user 70"),
    (("--command", "lost"), "/usr/bin/lost is a script for '/usr/bin/perl -w', and the service's root has no such interpreter"),
    (("--command", "loose"), "there is no 'node' in"),
    (("--command", "dynamic"), "/usr/bin/dynamic needs the loader '/lib/ld.so', and it is not in the service's root"),
    (("--command", "loop"), "/usr/bin/loop: it is a script"),
    (("--command", "'open"), "--command 'open: no closing quotation"),
    (("--command", " "), "it does not say what to start; what helps: --command"),
    (("--user", "nobody2"), "--user nobody2: the root's /etc/passwd has no user 'nobody2'; allowed: one that it has, or a number"),
    (("--user", "web:none"), "has no group 'none'"),
    (("--user", "65536"), "65536: allowed: ids from 0 to 65535"),
    (("--user", "9" * 40), "has no user"),
    (("--port", "0/tcp"), "--port 0/tcp: a port is NUMBER/tcp or NUMBER/udp"),
    (("--port", "80"), "--port 80: a port is"),
    (("--port", "80/sctp"), "a port is"),
    (("--port", "80/tcp 80/tcp"), "80/tcp stands there twice"),
    (("--port", " ".join(f"{n}/tcp" for n in range(1, 18))), "17 ports, at most 16"),
    (("--env", "PATHONLY"), "--env PATHONLY: expected NAME=VALUE"),
    (("--env", "A=b c"), "--env c: expected NAME=VALUE"),
    (("--env", "'A=b\nc'"), "a line break cannot be passed to a service"),
    (("--args", "'a"), "--args 'a: no closing quotation"),
    (("--args", "a\tb"), "a control character cannot be passed"),
    (("--args", "a\nb"), "a line break cannot be passed"),
    (("--args", "x" * 4096), "--args 4096 bytes, at most 4095 are allowed"),
    (("--writable", "/data"), "--writable /data: expected /PATH:SIZE"),
    (("--writable", "/data:5"), "'5' is no size; allowed: 4K to 1024G, as 16M"),
    (("--writable", "/data:1K"), "'1K' is no size"),
    (("--writable", "/data:9999G"), "'9999G' is no size"),
    (("--writable", "/:1"), "'1' is no size; allowed: 0 or 4K"),
    (("--writable", "/a/../b:1M"), "is no path of the service's root"),
    (("--writable", "/dev/shm:1M"), "cannot be a writable place; allowed: folders without blanks in their names, outside /proc"),
    (("--writable", "'/a b:1M'"), "cannot be a writable place"),
    (("--writable", "/entry.sh:1M"), "/entry.sh: is a file in the service's root"),
    (("--writable", " ".join(f"/x{n}:1M" for n in range(33))), "33 writable places, at most 32"),
    (("--capabilities", "sys_admin"), "--capabilities sys_admin: a service cannot have it; allowed: net_admin and net_raw"),
    (("--capabilities", "net_raw", "--user", "web"), "--user web: with --capabilities net_raw a service is user 104"),
    (("--health", "8080"), "--health 8080: allowed: tcp:PORT, http:PORT/PATH, exec:COMMAND or none"),
    (("--health", "tcp:70000"), "--health tcp:70000: allowed"),
    (("--health", "http:80"), "--health http:80: allowed"),
    (("--health", "exec:none"), "there is no 'none'"),
    (("--stop-signal", "SIGNONE"), "--stop-signal SIGNONE: no signal; allowed: a name as SIGTERM, or a number from 1 to 64"),
    (("--stop-signal", "65"), "--stop-signal 65: no signal"),
    (("--calls", "read Write"), "--calls read Write: allowed: wide, or names of system calls"),
    (("--calls", "wide read"), "--calls wide read: allowed: wide, or names"),
    (("--workdir", "srv"), "--workdir srv: 'srv' is no path of the service's root"),
    (("--workdir", "/entry.sh"), "/entry.sh: is no folder in the service's root"),
    (("--name", "a b"), "--name a b: allowed: letters, digits"),
    (("--config", "root/entry.sh"), "root/entry.sh, line 2: 'exec \"$@\"': expected key = value"),
    (("--config", "none.conf"), "none.conf: No such file"),
])
def test_refused(packer, words, said):
    command = () if "--command" in words else ("--command", "daemon")
    told = packer.refuses("--root", "root", *command, *words)
    assert told.startswith("thimble-service: ") and said in told, f"expected {said!r} in:\n{told}"


def test_a_root_needs_a_command(packer):
    assert "root: it does not say what to start; what helps: --command" in packer.refuses("--root", "root")


@pytest.mark.parametrize("config, said", [
    ({"Cmd": []}, "it does not say what to start"),
    ({"Cmd": ["none"]}, "shop.oci.tar: the command: there is no 'none'"),
    ({"Entrypoint": ["daemon", "a\nb"]}, "command.2='a\\nb': a line break cannot be passed to a service"),
    ({"User": "ghost"}, "User: ghost: the root's /etc/passwd has no user 'ghost'"),
    ({"StopSignal": "SIGX"}, "StopSignal: SIGX: no signal"),
    ({"Healthcheck": {"Test": ["CMD", "none"]}}, "Healthcheck: there is no 'none' in"),
    ({"Healthcheck": {"Test": ["CMD", "daemon"], "Interval": 10**18}}, "Healthcheck: interval_ms 1000000000000: allowed: 0 to 86400000"),
    ({"Volumes": {"/proc/x": {}}}, "/proc/x: cannot be a writable place"),
    ({"Volumes": {"/to/x": {}}}, "/to/x: cannot be a writable place"),
    ({"Volumes": {"/all": {}}}, "/all: cannot be a writable place"),
    ({"Env": [f"A{n}={'x' * 1000}" for n in range(70)]}, "the command, environment and places are too much"),
    ({"Entrypoint": ["daemon", *"a" * 2048]}, "and 2049 words, at most 2048"),
])
def test_an_image_that_cannot_run_is_refused(packer, config, said):
    told = packer.refuses(*image(packer, entries=[oci.symlink("to", "proc"), oci.symlink("all", "/"), oci.folder("proc")], **config))
    assert said in told, f"expected {said!r} in:\n{told}"


def test_make_has_its_own_words(packer):
    told = packer.refuses("--from-make", "--root", "root", "--command", "daemon", "--port", "0/tcp")
    assert told.splitlines()[-1] == "PORT=0/tcp: a port is NUMBER/tcp or NUMBER/udp, the number from 1 to 65535, as 8080/tcp"
