"""A service with a root of its own finds there what programs expect, sees nothing of the guest, and is bounded."""

import os
import pathlib
import re
import signal
import subprocess
import time

import pytest
from box import Box
from tree import HOST_BIN
from users import uid_of
from waiting import wait_until

pytestmark = pytest.mark.skipif(os.getuid() != 0 or len(pathlib.Path("/proc/self/uid_map").read_text().split()) != 3
                                or int(pathlib.Path("/proc/self/uid_map").read_text().split()[2]) < 1 << 17,
                                reason="this user has no ids to give away")

WAIT = "\ntime.sleep(1000)\n"
# System calls by number: the C library has no function for them.
MKNOD_NULL = "called('mknod', b'/tmp/null', 0o20666, os.makedev(1, 3))"


@pytest.fixture
def box(keep, tmp_path):
    def start(code="", **description):
        return keep(Box(tmp_path, code, **description))
    return start


def test_its_root(box):
    """Devices, files, its own processes only."""
    found = box("""
child = os.fork()
if child == 0:
    time.sleep(1000)
null, tty = os.stat("/dev/null"), os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY)
libc.ptsname.restype = ctypes.c_char_p
tell(dev=sorted(os.listdir("/dev")), null=[os.major(null.st_rdev), os.minor(null.st_rdev), null.st_uid],
     zero=open("/dev/zero", "rb").read(2).hex(), full=tried(lambda: open("/dev/full", "wb", 0).write(b"x")),
     random=len(open("/dev/urandom", "rb").read(8)), tty=[called("grantpt", tty), called("unlockpt", tty), libc.ptsname(tty).decode()],
     slave=os.close(os.open(libc.ptsname(tty), os.O_RDWR | os.O_NOCTTY)),
     shm=os.stat("/dev/shm").st_mode & 0o7777, proc=sorted(int(name) for name in os.listdir("/proc") if name.isdigit()),
     me=[os.getpid(), os.getppid(), child], root=sorted(os.listdir("/")), run=[sorted(os.listdir("/run")), os.listdir("/run/secrets")],
     host=open("/etc/hostname").read().strip() == socket.gethostname(), hosts=open("/etc/hosts").read(),
     environment=dict(os.environ), cwd=os.getcwd(), stdin=os.readlink("/proc/self/fd/0"),
     mounts=[line.split()[4] for line in open("/proc/self/mountinfo")])
""" + WAIT, **{"env__2": "A=b c", "workdir": "/srv"}).told()
    assert found["dev"] == ["fd", "full", "log", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty",
                            "urandom", "zero"]
    assert found["null"] == [1, 3, 0] and found["zero"] == "0000" and found["full"] == "ENOSPC" and found["random"] == 8
    assert found["tty"] == [0, 0, "/dev/pts/0"] and found["shm"] == 0o1777
    assert found["me"] == [2, 1, 3] and found["proc"] == [1, 2, 3]
    assert found["run"] == [["guest", "secrets"], []] and found["host"] and "127.0.0.1 localhost" in found["hosts"]
    assert found["environment"].items() >= {"PATH": "/usr/bin:/bin", "A": "b c", "HOME": "/"}.items()
    assert "HOSTNAME" in found["environment"] and "TERM" not in found["environment"]
    assert found["cwd"] == "/srv" and found["stdin"] == "/dev/null"
    assert all(re.match("/($|usr|dev|proc|run/secrets$|run/guest$)", mount) for mount in found["mounts"]), found["mounts"]


def test_its_output_by_name(box):
    """Also for a user who is not root; whole lines."""
    b = box("""
for name in "/dev/stdout", "/dev/stderr", "/proc/self/fd/1", "/dev/fd/2":
    with open(name, "w") as file:
        file.write("by " + name + "\\n")
syslog.openlog("probe", 0, syslog.LOG_DAEMON)
syslog.syslog(syslog.LOG_WARNING, "by syslog")
""" + WAIT, uid=33, gid=33)
    for name in "/dev/stdout", "/dev/stderr", "/proc/self/fd/1", "/dev/fd/2":
        b.wait_line(f"by {name}", "out")
    assert re.fullmatch(r"<28>.* probe: by syslog\0?", b.wait_line("by syslog", "syslog"))


def test_its_users(box):
    """Root over its own ids, the guest's 65536 on; whoever it becomes has no rights."""
    code = """
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
open("/file", "w").close()
tell(ids=[os.getresuid(), os.getresgid(), os.getgroups()], map=open("/proc/self/uid_map").read().split(), caps=status["CapEff"],
     bound=status["CapBnd"], ambient=status["CapAmb"], privileges=status["NoNewPrivs"], stdout=tried(os.chown, "/dev/stdout", 998, 998), chown=tried(os.chown, "/file", 999, 999),
     owner=os.stat("/file").st_uid, guest=tried(os.chown, "/file", 70000, 0), root=os.stat("/").st_uid)
os.setgroups([7]); os.setgid(999); os.setuid(999)
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
tell(ids=[os.getresuid(), os.getresgid(), os.getgroups()], caps=status["CapEff"], back=tried(os.setuid, 0),
     stdout=subprocess.run(["sh", "-c", ": > /dev/stdout"], check=False).returncode)
"""
    b = box(code + WAIT, groups="4 27")
    found, then = b.told(), b.told(2)
    assert found["ids"] == [[0] * 3, [0] * 3, [4, 27]] and found["map"] == ["0", "65536", "65536"]
    listed = sum(1 << bit for bit in (0, 1, 3, 4, 5, 6, 7, 8, 10, 18))
    assert int(found["caps"], 16) == int(found["bound"], 16) == listed
    assert found["ambient"] == "0" * 16 and found["privileges"] == "1"
    assert found["chown"] is found["stdout"] is None and found["owner"] == 999 and found["guest"] == "EINVAL" and found["root"] == 0
    assert then["ids"] == [[999] * 3, [999] * 3, [7]] and int(then["caps"], 16) == 0 and then["back"] == "EPERM" and then["stdout"] == 0
    pid = int(b.record()["pid"])
    assert b.record()["user"] == "65536"
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert re.search(r"^Uid:\t66535\t", pathlib.Path(f"/proc/{children[0]}/status").read_text(), re.M)


def test_another_user(box):
    found = box("""
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
tell(ids=[os.getresuid(), os.getresgid(), os.getgroups()], caps=status["CapEff"], file=tried(open, "/file", "w"))
""" + WAIT, uid=33, gid=34, groups=5).told()
    assert found == {"ids": [[33] * 3, [34] * 3, [5]], "caps": "0" * 16, "file": "EACCES"}


def test_one_user_with_rights_to_the_network(box):
    """No namespace of users: the guest's `service`, with just these capabilities, which it passes on."""
    service = uid_of("service")
    b = box("""
status = open("/proc/self/status").read().splitlines()
tell(ids=[os.getresuid(), os.getresgid(), os.getgroups()], map=open("/proc/self/uid_map").read().split(),
     raw=tried(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1).close()),
     packet=tried(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()),
     caps=[line.split()[1] for line in status if line.startswith(("CapEff", "CapBnd", "CapAmb"))])
""" + WAIT, users="one", uid=service, gid=service, groups="27", capabilities="net_raw")
    found = b.told()
    assert found["ids"] == [[service] * 3, [service] * 3, []] and found["map"][1] == "0"
    assert found["raw"] is None and found["packet"] is None and [int(mask, 16) for mask in found["caps"]] == [1 << 13] * 3
    assert b.record()["user"] == str(service)


def test_one_user_is_never_root(box):
    b = box("tell(ids=os.getresuid())" + WAIT, users="one", uid=0, gid=0)
    assert b.told()["ids"] == [65534] * 3
    assert "users=one" in b.wait_line("allowed: with uid=")


def test_what_is_refused(box):
    """What could lead out of it or change the guest."""
    found = box("""
NEWNS, NEWUSER, NEWPID = 0x20000, 0x10000000, 0x20000000
tell(mount=called("mount", b"none", b"/srv", b"tmpfs", 0, 0), umount=called("umount2", b"/proc", 2),
     mknod=%s, newns=called("unshare", NEWNS), newpid=called("unshare", NEWPID), sethostname=called("sethostname", b"x", 1),
     settime=tried(time.clock_settime, time.CLOCK_REALTIME, 0),
     sysctl=tried(open, "/proc/sys/net/core/somaxconn", "w"), sysrq=tried(lambda: open("/proc/sysrq-trigger", "w").write("s")),
     cmdline=open("/proc/cmdline").read(), keys=open("/proc/keys").read() if os.path.exists("/proc/keys") else "",
     kmsg=tried(lambda: os.read(os.open("/proc/kmsg", os.O_RDONLY | os.O_NONBLOCK), 10).decode()),
     syslog=called("klogctl", 3, ctypes.create_string_buffer(100), 100), keeper=tried(os.listdir, "/proc/1/root"),
     fds=tried(os.listdir, "/proc/1/fd"), kill=tried(os.kill, 1, 9), environ=tried(lambda: open("/proc/1/environ").read()),
     trace=called("ptrace", 16, 1, 0, 0), limit=tried(lambda: open("/proc/1/oom_score_adj", "w").write("1000")),
     namespace=tried(os.open, "/proc/1/ns/mnt", os.O_RDONLY), writable_files=tried(open, "/etc/resolv.conf", "w"),
     suid=tried(lambda: os.stat("/").st_mode & 0o7777))
""" % MKNOD_NULL.replace("/tmp", "/srv") + WAIT).told()
    assert found.pop("suid") == 0o755
    assert found.pop("cmdline") == found.pop("keys") == "" and found.pop("kmsg") in ("", "EPERM")
    assert found.pop("kill") in (None, "EPERM")  # a signal that PID 1 of a namespace never gets
    assert found.pop("sysrq") in ("EACCES", "ENOENT", 1)  # 1: to /dev/null
    assert found.pop("writable_files") == "EROFS" and found.pop("sysctl") in ("EROFS", "EACCES")
    assert {name: error for name, error in found.items() if error not in ("EPERM", "EACCES")} == {}


def test_chroot_leads_nowhere(box):
    """The usual way out of a chroot ends at the box's own root."""
    found = box("""
os.mkdir("/x")
above = os.open("/", os.O_RDONLY)
os.chroot("/x")
os.fchdir(above)
for _ in range(64):
    os.chdir("..")
os.chroot(".")
tell(root=sorted(os.listdir("/")), probe=os.path.exists("/srv/probe.py"), guest=os.path.exists("/boot") or os.path.exists("/work"))
""" + WAIT).told()
    assert found["probe"] and not found["guest"]


@pytest.mark.parametrize("target", ["/outside", "../../../../../../outside", "/proc/1/root/outside"])
def test_links_do_not_lead_mounts_out(box, target, tmp_path):
    """Links where the box mounts are taken for no more than what they are in the way of."""
    b = box("""
tell(dev=os.path.islink("/dev"), proc=os.path.isdir("/proc/self"), resolv=os.readlink("/etc/resolv.conf"),
     hosts=open("/etc/hosts").read(), place=tried(lambda: open("/data/file", "w").close()))
""" + WAIT, place__1="/data 65536 0 0 0755", links={path: target for path in ("/dev", "/proc", "/sys", "/etc/resolv.conf", "/etc/hosts",
                                                                              "/data")})
    found = b.told()
    assert found["dev"] is False and found["resolv"] == "/run/guest/resolv.conf" and found["proc"] and "localhost" in found["hosts"] and found["place"] is None
    assert not os.path.exists("/outside")


def test_bounds(box):
    """A place or the root that is full is full for nobody else."""
    found = box("""
def fill(path):
    written = 0
    try:
        with open(path, "wb", 0) as file:
            while True:
                written += file.write(b"x" * 4096)
    except OSError as error:
        return written, errno.errorcode[error.errno]
def many(folder):
    try:
        for number in range(100000):
            open(f"{folder}/{number}", "w").close()
    except OSError as error:
        return errno.errorcode[error.errno]
one, many_one = fill("/one/file"), many("/one/")
other = tried(lambda: open("/two/file", "w").write("x" * 1000))
root, then = fill("/file"), tried(lambda: open("/two/more", "w").write("x" * 1000))
shared = fill("/dev/shm/x")
tell(one=one, many=many_one, other=other, root=root, then=then, shared=shared, dev=fill("/dev/x"))
""" + WAIT, root_bytes=1 << 20, place__1="/one 131072 0 0 0755", place__2="/two 65536 0 0 0755").told()
    assert found["one"] == [131072, "ENOSPC"] and found["many"] == "ENOSPC" and found["other"] == found["then"] == 1000
    size, error = found["root"]
    assert error == "ENOSPC" and (1 << 20) - 16384 <= size <= 1 << 20
    assert found["shared"] == [64 << 20, "ENOSPC"] and found["dev"][1] == "ENOSPC" and found["dev"][0] <= 65536


def test_a_root_that_is_read_only(box):
    found = box("""
tell(root=tried(open, "/x", "w"), place=tried(lambda: open("/one/x", "w").close()), dev=tried(lambda: open("/dev/shm/x", "w").close()))
""" + WAIT, root_bytes=0, place__1="/one 131072 0 0 0755").told()
    assert found == {"root": "EROFS", "place": None, "dev": None}


def test_bounds_are_cut_to_half_of_the_memory(box):
    b = box("""
stat = {path: (lambda s: s.f_blocks * s.f_frsize)(os.statvfs(path)) for path in ("/one", "/two", "/dev/shm")}
tell(**stat)
""" + WAIT, available=64 << 20, root_bytes=1 << 20, place__1=f"/one {64 << 20} 0 0 0755", place__2=f"/two {32 << 20} 0 0 0755")
    found = b.told()
    assert sum(found.values()) < 33 << 20 and found["/one"] > found["/two"] > 1 << 20
    assert "is 105 MiB, more than half of the 64 MiB" in b.wait_line("cut in proportion")


def test_places_keep_what_the_image_has(box):
    """Copied in once: a restart finds what the service left there, and what it left in its root."""
    b = box("""
def tree(path):
    return sorted([os.path.relpath(os.path.join(folder, name), path), oct(os.lstat(os.path.join(folder, name)).st_mode),
                   os.lstat(os.path.join(folder, name)).st_uid] for folder, folders, files in os.walk(path) for name in folders + files)
tell(tree=tree("/data"), text=open("/data/sub/file").read(), link=os.readlink("/data/sub/link"), place=[oct(os.stat("/data").st_mode),
     os.stat("/data").st_uid], size=os.statvfs("/data").f_blocks)
open("/data/sub/file", "w").write("changed")
""" + WAIT, place__1="/data 1048576 70 71 0750", files={"/data/sub/file": "as in the image"}, links={"/data/sub/link": "/srv"})
    found = b.told()
    assert found["text"] == "as in the image" and found["link"] == "/srv" and found["place"] == ["0o40750", 70] and found["size"] == 256
    assert [entry[0] for entry in found["tree"]] == ["sub", "sub/file", "sub/link"]
    assert found["tree"][1][1:] == ["0o100644", 0]
    b.restart()
    assert b.told(2)["text"] == "changed"


def test_an_image_larger_than_its_place(box):
    b = box(WAIT, place__1="/data 65536 0 0 0755", files={"/data/large": "x" * 100000})
    assert b.wait_record(state="waiting")["last_exit"] == "cannot start: /data: No space left on device"


def test_what_settings_give(box):
    """Variables, which win over the image's, and secrets, which nobody else reads."""
    found = box("""
secret = "/run/secrets/TOKEN"
tell(environment=dict(os.environ), secret=open(secret).read(), mode=oct(os.stat(secret).st_mode), owner=os.stat(secret).st_uid,
     writable=tried(lambda: open("/run/secrets/more", "w")))
""" + WAIT, settings="service.env.A = from the settings\nservice.secret.TOKEN = hidden\n", uid=33, gid=33, env__2="A=of the image").told()
    assert found["environment"].items() >= {"A": "from the settings", "TOKEN": "hidden"}.items()
    assert found["secret"] == "hidden" and found["mode"] == "0o100400" and found["owner"] == 33 and found["writable"] == "EACCES"


def test_a_restart_makes_it_anew(box):
    """Mounts, processes and shared memory of before are gone; so is who left the process group."""
    b = box("""
if os.fork() == 0:
    os.setsid()
    time.sleep(1000)
    os._exit(0)
tell(pid=os.getpid(), shm=os.listdir("/dev/shm"), processes=sorted(int(name) for name in os.listdir("/proc") if name.isdigit()))
open("/dev/shm/x", "w").close()
""" + WAIT)
    assert b.told() == {"pid": 2, "shm": [], "processes": [1, 2, 3]}
    first = b.wait_record(state="running")["pid"]
    b.restart()
    assert b.told(2) == {"pid": 2, "shm": [], "processes": [1, 2, 3]}
    assert b.wait_record(state="running", restarts="1", last_exit="killed by SIGTERM")["pid"] != first


def test_a_fork_bomb(box):
    """Is bounded for all users of the service together, and ends with it."""
    b = box("""
def bomb():
    children = 0
    try:
        while True:
            if os.fork() == 0:
                time.sleep(1000)
                os._exit(0)
            children += 1
    except OSError as error:
        return children, errno.errorcode[error.errno]
mine = bomb()
os.setgid(500); os.setuid(500)
tell(mine=mine, others=bomb())
""" + WAIT, processes_limit=32)
    found = b.told()
    assert found["mine"][1] == found["others"][1] == "EAGAIN" and 0 < found["mine"][0] <= 32 and found["others"][0] <= 2
    b.restart()
    assert b.told(2)["mine"][0] > 0


def test_orphans_are_reaped(box):
    found = box("""
for _ in range(20):
    if os.fork() == 0:
        if os.fork() == 0:
            os._exit(0)
        os._exit(0)
    os.wait()
end = time.monotonic() + 20
while time.monotonic() < end and sum(name.isdigit() for name in os.listdir("/proc")) > 2:
    time.sleep(0.01)
tell(processes=sorted(int(name) for name in os.listdir("/proc") if name.isdigit()))
""" + WAIT).told()
    assert found["processes"] == [1, 2]


def test_the_stop_signal(box):
    b = box("""
def stop(number, frame):
    tell(signal=number)
    os._exit(3)
signal.signal(signal.SIGQUIT, stop)
tell(ready=True)
""" + WAIT, stop_signal=int(signal.SIGQUIT))
    b.told()
    b.restart()
    assert b.told(2) == {"signal": signal.SIGQUIT}
    assert b.wait_record(restarts="1")["last_exit"] == "exit status 3"


@pytest.mark.parametrize("code,words", [
    ("os._exit(0)", "exit status 0"), ("os._exit(7)", "exit status 7"), ("os.kill(os.getpid(), signal.SIGSEGV)", "killed by SIGSEGV"),
    ("os.kill(os.getpid(), signal.SIGKILL)", r"killed by SIGKILL at \d+ MiB: out of memory, or by hand"),
], ids=["0", "7", "SEGV", "KILL"])
def test_how_it_ended(box, code, words):
    b = box(f"tell(starts=True)\n{code}")
    b.told()
    record = b.wait_record(state="waiting")
    assert re.fullmatch(words, record["last_exit"]), record


def test_one_that_does_not_stop(box):
    b = box("signal.signal(signal.SIGTERM, signal.SIG_IGN)\ntell(pid=1)" + WAIT)
    b.told()
    b.restart()
    b.told(2)
    assert b.record()["last_exit"] == "killed by SIGKILL"


@pytest.mark.parametrize("description,words", [
    ({"file": "/usr/bin/none"}, "/usr/bin/none: No such file or directory"), ({"workdir": "/none"}, "/none: No such file or directory"),
    ({"file": "/srv/probe.py"}, "/srv/probe.py: Permission denied"), ({"place__1": "/srv/probe.py/x 4096 0 0 0755"}, "/srv/probe.py/x: "
                                                                      "Not a directory"),
])
def test_what_cannot_start(box, description, words):
    b = box(**description)
    assert b.wait_record(state="waiting")["last_exit"] == f"cannot start: {words}"
    b.wait_record(starts="3")  # and is tried again


def test_resolv_conf_follows(box, tmp_path):
    b = box("""
before = None
while True:
    now = open("/etc/resolv.conf").read()
    if now != before:
        tell(now=now)
        before = now
    time.sleep(0.01)
""")
    source = tmp_path / "run/net/resolv.conf"
    assert b.told() == {"now": ""}
    for number, text in enumerate(("nameserver 192.0.2.1\n", "nameserver 192.0.2.1\nnameserver 2001:db8::1\nsearch a.example\n",
                                   "nameserver 192.0.2.9\n"), 2):
        (source.parent / "new").write_text(text)
        (source.parent / "new").rename(source)
        wait_until(lambda t=text: b.told(len(b.said()))["now"] == t, 20, text, b.shown)
        assert number <= len(b.said())


@pytest.mark.parametrize("description", [{"uid": 33, "gid": 34, "groups": "5 6"}, {"uid": 0}, {"users": "one", "uid": 9, "gid": 9}],
                         ids=["user", "root", "one"])
def test_a_command_in_it(box, description):
    """service-exec of DEBUG=1: sees what the service sees, as its user."""
    b = box("tell(ready=True)" + WAIT, env__2="WORDS=a b", **description)
    b.told()
    b.wait_record(state="running")
    command = ("id -u; id -G; echo $WORDS; ls /srv; echo /proc/[0-9]*; grep -h -e CapBnd -e NoNewPrivs -e Seccomp: /proc/self/status /proc/2/status; "
               "readlink /proc/self/ns/user /proc/self/ns/mnt; exit 7")
    done = subprocess.run([HOST_BIN / "exec", "sh", "-c", command], env={"THIMBLE_RUN": str(b.run), "ASAN_OPTIONS": "detect_leaks=0"},
                          capture_output=True, text=True, timeout=30, check=False)
    pid = b.record()["pid"]
    service = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0]
    lines = done.stdout.splitlines()
    assert done.returncode == 7 and done.stderr == "", done
    assert lines[0] == str(description["uid"]) and lines[1].split()[0] == str(description.get("gid", 0))
    assert lines[2:4] == ["a b", "probe.py"] and lines[4].split()[:2] == ["/proc/1", "/proc/2"]
    assert lines[5:8] == lines[8:11] and lines[7].split() == ["Seccomp:", "2"]
    assert lines[11:] == [os.readlink(f"/proc/{service}/ns/user"), os.readlink(f"/proc/{service}/ns/mnt")]


HEALTH = {"health_interval_ms": 100, "health_timeout_ms": 2000, "health_retries": 2}


def test_health_by_a_command(box):
    """Runs as the service does; its last line says why it is not well."""
    b = box("""
open("/srv/well", "w").close()
tell(ready=True)
""" + WAIT, health="exec", **{"health__1": "/bin/sh", "health__2": "-c", "health__3": "echo first; id -u; cat /srv/well", **HEALTH}, uid=0)
    b.told()
    record = b.wait_record(health="healthy")
    assert int(record["health_since_ms"]) >= int(record["since_ms"])
    pid = int(record["pid"])
    service = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0]
    well = pathlib.Path(f"/proc/{service}/root/srv/well")
    well.unlink()
    assert b.wait_record(health="unhealthy")["state"] == "running"
    assert "probe: unhealthy: cat: /srv/well: No such file or directory" in b.wait_line("unhealthy:")
    well.touch()
    b.wait_record(health="healthy")


def test_a_health_check_that_hangs(box):
    b = box("tell(pid=1)" + WAIT, health="exec", **{"health__1": "/bin/sleep", "health__2": "1000", **HEALTH, "health_timeout_ms": 200})
    b.wait_record(health="unhealthy")
    b.wait_line("unhealthy: its check took more than 200 ms")


LISTEN = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204 if self.path == "/well" else 503)
        self.end_headers()
class Server(http.server.HTTPServer):
    address_family = socket.AF_INET6 if V6 else socket.AF_INET
server = Server((ADDRESS, PORT), Handler)
tell(ready=True)
server.serve_forever()
"""


@pytest.mark.parametrize("health,code,state", [
    ("tcp:8080", LISTEN.replace("ADDRESS", "'127.0.0.1'").replace("V6", "False").replace("PORT", "8080"), "healthy"),
    ("tcp:8081", LISTEN.replace("ADDRESS", "'::1'").replace("V6", "True").replace("PORT", "8081"), "healthy"),
    ("http:8082/well", LISTEN.replace("ADDRESS", "''").replace("V6", "False").replace("PORT", "8082"), "healthy"),
    ("http:8083/ill", LISTEN.replace("ADDRESS", "''").replace("V6", "False").replace("PORT", "8083"), "port 8083: HTTP status 503"),
    ("tcp:8084", "tell(ready=True)" + WAIT, "port 8084: Connection refused"),
], ids=["tcp", "tcp6", "http", "http-ill", "refused"])
def test_health_by_the_network(box, health, code, state):
    b = box(code, health=health, **{**HEALTH, "health_retries": 40})  # it listens before these have failed
    b.told()
    if state == "healthy":
        b.wait_record(health="healthy")
    else:
        b.wait_line(f"unhealthy: {state}")


def test_health_has_time_to_start(box):
    """What fails before does not count; what passes does."""
    b = box("tell(pid=1)" + WAIT, health="tcp:8085", **{**HEALTH, "health_retries": 1, "health_start_ms": 3600000})
    begin = b.wait_record(state="running", health="starting")
    time.sleep(1)  # ten checks: there is nothing to wait for, as nothing happens
    assert b.record() == begin


def test_a_bad_description(box):
    """What is wrong is said with what is allowed, and the rest holds."""
    b = box("tell(uid=os.getuid())" + WAIT, uid=70000, groups="x", place__1="data 1 2 3", health="udp:5", stop_signal=99, users="two")
    assert b.told() == {"uid": 0}
    for text in ("uid=70000: allowed: 0 to 65535", "groups=x: allowed: 64 numbers", "place.1=data 1 2 3: allowed: /PATH BYTES UID GID MODE",
                 "health=udp:5: allowed: tcp:PORT, http:PORT/PATH, exec", "stop_signal=99: allowed: 1 to 64", "users=two: allowed: namespace, one"):
        b.wait_line(text)


# By number: the C library has no function for most. x86-64.
REFUSED = {"ptrace of init": "libc.ptrace(16, 1, 0, 0)", "mount": "libc.mount(b'x', b'/tmp', b'tmpfs', 0, None)", "umount2": "libc.umount2(b'/tmp', 2)",
           "pivot_root": "libc.syscall(155, b'/', b'/')", "unshare": "libc.unshare(0x10000000)", "setns": "libc.setns(3, 0)",
           "keyctl": "libc.syscall(250, 0, -3, 0)", "add_key": "libc.syscall(248, b'user', b'x', b'y', 1, -3)",
           "bpf": "libc.syscall(321, 0, 0, 0)", "perf_event_open": "libc.syscall(298, 0, 0, -1, -1, 0)",
           "io_uring_setup": "libc.syscall(425, 1, 0)", "userfaultfd": "libc.syscall(323, 0)", "fsopen": "libc.syscall(430, b'tmpfs', 0)",
           "open_tree": "libc.syscall(428, -100, b'/', 1)", "init_module": "libc.syscall(175, 0, 0, b'')",
           "kexec_load": "libc.syscall(246, 0, 0, 0, 0)", "settimeofday": "libc.syscall(164, 0, 0)",
           "sethostname": "libc.sethostname(b'x', 1)", "reboot": "libc.reboot(0)", "quotactl": "libc.syscall(179, 0, 0, 0, 0)",
           "clone, namespace": "libc.syscall(56, 0x10000011, 0, 0, 0, 0)", "x32": "libc.syscall(0x40000027)",
           "AF_ALG": "libc.socket(38, 5, 0)", "AF_VSOCK": "libc.socket(40, 1, 0)", "personality": "libc.personality(0x40000)"}
TRIES = "\n".join(["tried_calls = {}", "def note(name, result):", "    tried_calls[name] = 0 if result >= 0 else errno.errorcode[ctypes.get_errno()]",
                   *(f"note({name!r}, {call})" for name, call in REFUSED.items())])


def test_calls_that_no_service_may_make(box):
    """Those fail; what servers do works: threads, processes, sockets, execution, files."""
    found = box(TRIES + """
import socketserver, threading
clone3 = libc.syscall(435, 0, 0), errno.errorcode[ctypes.get_errno()]
server = socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler)
threading.Thread(target=server.handle_request).start()
socket.create_connection(server.server_address).close()
child = subprocess.run(["/bin/sh", "-c", "echo child; grep Seccomp: /proc/self/status"], capture_output=True, text=True).stdout.split()
pair = socket.socketpair()
sleeper = os.fork()
if sleeper == 0:
    time.sleep(1000)
traced = libc.ptrace(0x4206, sleeper, 0, 0)
tell(refused=tried_calls, clone3=clone3, child=child, traced=traced, me=open("/proc/self/status").read().partition("Seccomp:")[2].split()[0])
""" + WAIT).told()
    assert found["refused"] == {name: "EPERM" for name in REFUSED}
    assert found["clone3"] == [-1, "ENOSYS"] and found["traced"] == 0
    assert found["child"] == ["child", "Seccomp:", "2"] and found["me"] == "2"


NARROW = ("access arch_prctl brk clock_nanosleep close dup epoll_create1 exit fcntl fstat futex getcwd getdents64 getegid geteuid getgid getpid getppid "
          "getrandom gettid getuid ioctl lseek lstat mmap mprotect munmap newfstatat openat poll pread64 prlimit64 read readlink rseq rt_sigaction "
          "rt_sigprocmask set_robust_list set_tid_address sigaltstack socket stat statx sysinfo uname write writev")


def test_calls_of_its_own_list(box):
    """Of the others none works."""
    b = box("""
tell(fork=tried(os.fork), write=os.write(1, b""), kill=tried(os.kill, 0, 0), mount=called("mount", b"x", b"/tmp", b"tmpfs", 0, None))
""" + WAIT, calls=NARROW)
    assert b.told() == {"fork": "EPERM", "write": 0, "kill": "EPERM", "mount": "EPERM"}


def test_list_with_an_unknown_call_is_none(box):
    wide = box("tell(fork=os.waitstatus_to_exitcode(os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)[1]))" + WAIT, calls="read wriet")
    assert wide.told() == {"fork": 0}
    wide.wait_line("calls=read wriet: allowed: wide, or names of system calls")
