"""A program is taken with its loader and libraries, as its loader would find them; what no guest could run is refused in words."""

import random
import re
import struct
import subprocess
import sys

import pytest

from elf import AARCH64, ET_EXEC, FOLDERS, I386, NODEFLIB, X86_64, elf
from tree import HERE

sys.path.insert(0, str(HERE / "tools"))
from service import program  # noqa: E402
from service.tree import Refused  # noqa: E402

LOADER, MUSL = "/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1"
MEND_STATIC = "Build it static: C: cc -static"
NEW_GLIBC = b"GLIBC_2.34"


def laid(path, arch="x86_64"):
    return {name for name, entry in program.read(str(path), arch).walk() if entry.kind == "file"}


def refused(path, *parts, arch="x86_64"):
    with pytest.raises(Refused) as error:
        program.read(str(path), arch)
    said = str(error.value)
    assert said.startswith(f"{path}: "), said
    for part in parts:
        assert part in said, f"expected {part!r} in:\n{said}"
    return said


def compiled(folder, *flags, source="int main(void) { return 0; }\n", name="program"):
    path = folder / name
    subprocess.run(["gcc", "-x", "c", "-", "-o", path, *flags], input=source, text=True, check=True)
    return path


# --- programs of this machine ---------------------------------------------------------------------------------------------

def by_ldd(path):
    """The paths by which the loader of this machine itself finds them."""
    said = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"(?:=> )?(/\S+) \(0x", said))


@pytest.mark.parametrize("path", ["/bin/ls", "/usr/bin/python3", "/usr/bin/qemu-img", "/usr/sbin/named"])
def test_the_libraries_are_those_that_the_loader_takes(path):
    name = f"/usr/bin/{path.rpartition('/')[2]}"
    found = laid(path) - {name}
    assert {one for one in found if "libgcc_s" not in one} == {one for one in by_ldd(path) if "libgcc_s" not in one}


def test_usr_is_no_root_of_its_own():
    """Where /lib is a link to /usr/lib, /usr has all of it but /etc."""
    assert program.host_of("/usr/bin/python3", LOADER, "x86_64")[0].root == ""


def test_what_glibc_opens_itself_is_there():
    assert any(name.endswith("/libgcc_s.so.1") for name in laid("/bin/ls"))


def test_libraries_of_its_own_keep_their_place(tmp_path):
    """Beside the program by $ORIGIN, though it is called by a link; a library's own $ORIGIN is where that lies."""
    home = tmp_path / "app"
    for folder in ("bin", "lib/private"):
        (home / folder).mkdir(parents=True)
    compiled(home / "lib/private", "-shared", "-fPIC", "-Wl,-soname,libdeep.so", source="int deep;", name="libdeep.so")
    compiled(home / "lib", "-shared", "-fPIC", f"-L{home}/lib/private", "-Wl,--no-as-needed", "-ldeep", "-Wl,-rpath,$ORIGIN/private",
             source="int own;", name="libown.so")
    path = compiled(home / "bin", f"-L{home}/lib", "-Wl,--no-as-needed", "-lown", "-Wl,-rpath,$ORIGIN/../lib",
                    f"-Wl,-rpath-link,{home}/lib/private")
    link = tmp_path / "daemon"
    link.symlink_to(path)
    assert {"/usr/bin/daemon", "/usr/lib/libown.so", "/usr/lib/private/libdeep.so"} <= laid(link)


@pytest.mark.parametrize("flags", [["-static"], ["-static-pie"]])
def test_static_executables_are_alone(tmp_path, flags):
    assert laid(compiled(tmp_path, *flags)) == {"/usr/bin/program"}


# --- the loader's rules, in a root made of small ELF files ------------------------------------------------------------------

@pytest.fixture
def sysroot(tmp_path):
    """make(FILES) -> the path of /app/program in a root that has glibc and FILES, {path: bytes or the target of a link}."""
    def make(files, loader=LOADER):
        libc = {"/lib64/libc.so.6": elf(soname="libc.so.6", text=NEW_GLIBC)} if loader == LOADER else {}
        for path, content in {loader: elf(soname=loader.rpartition("/")[2], text=FOLDERS), **libc, **files}.items():
            host = tmp_path / "root" / path.lstrip("/")
            host.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, str) and content.startswith("-> "):
                host.symlink_to(content[3:])
            else:
                host.write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path / "root/app/program"

    return make


def start(*needed, **more):
    return {"/app/program": elf(needed, LOADER, **more)}


GLIBC = {"/usr/bin/program", LOADER, "/lib64/libc.so.6"}
LIB = elf()


@pytest.mark.parametrize("files, expected", [
    # In the order of its folders; what they need in turn.
    (start("a.so", "libc.so.6") | {"/usr/lib64/a.so": elf(["b.so"]), "/usr/lib64/b.so": LIB, "/lib64/b.so": LIB},
     {"/usr/lib64/a.so", "/lib64/b.so"}),
    # DT_RPATH is inherited.
    (start("a.so", "libc.so.6", rpath="/x") | {"/x/a.so": elf(["b.so"]), "/x/b.so": LIB}, {"/x/a.so", "/x/b.so"}),
    # DT_RUNPATH takes its place.
    (start("a.so", "libc.so.6", rpath="/x", runpath="/y") | {"/x/a.so": LIB, "/y/a.so": LIB}, {"/y/a.so"}),
    # Not in a library's own DT_RUNPATH, in the program's DT_RPATH.
    (start("a.so", "libc.so.6", rpath="/x") | {"/x/a.so": elf(["b.so"], runpath="/z"), "/x/b.so": LIB, "/lib64/b.so": LIB},
     {"/x/a.so", "/lib64/b.so"}),
    # $ORIGIN, $LIB and $PLATFORM.
    (start("a.so", "libc.so.6", runpath="${ORIGIN}/$LIB/$PLATFORM") | {"/app/lib64/x86_64/a.so": LIB}, {"/usr/bin/lib64/x86_64/a.so"}),
    # What a name with a slash says, and nothing else.
    (start("$ORIGIN/../a.so", "libc.so.6") | {"/a.so": LIB}, {"/usr/a.so"}),
    # One for another processor, one that is none, and a folder are passed over.
    (start("a.so", "libc.so.6", runpath="/x:/y:/z:/v") | {"/x/a.so": elf(machine=I386, wide=False), "/y/a.so": elf(machine=AARCH64),
                                                         "/z/a.so/b": LIB, "/v/a.so": "text", "/lib64/a.so": LIB}, {"/lib64/a.so"}),
    # What ld.so.cache would have comes first, and lies where the loader looks without it.
    (start("a.so", "libc.so.6") | {"/etc/ld.so.conf": "include /etc/ld.so.conf.d/*.conf\n# /no\n", "/opt/x/a.so": elf(["b.so"]),
                                   "/lib64/a.so": LIB, "/lib64/b.so": LIB,
                                   "/etc/ld.so.conf.d/x.conf": "/opt/x # mine\ninclude x.conf\n"}, {"/lib64/a.so", "/lib64/b.so"}),
    # The guest's processor may be older than this one.
    (start("a.so", "libc.so.6") | {"/lib64/glibc-hwcaps/x86-64-v3/a.so": LIB, "/lib64/a.so": LIB}, {"/lib64/a.so"}),
    # Links are followed within the root, and what they lead to has the name that was asked for.
    (start("a.so", "libc.so.6") | {"/lib64/a.so": "-> /usr/real/a.so.1.2", "/usr/real/a.so.1.2": LIB}, {"/lib64/a.so"}),
    # A name that somebody loaded already has.
    (start("a.so", "libc.so.6") | {"/lib64/a.so": elf(["real.so", "b.so"]), "/lib64/b.so": elf(["a-name.so"], soname="b.so"),
                                   "/lib64/real.so": elf(soname="a-name.so")}, {"/lib64/a.so", "/lib64/b.so", "/lib64/real.so"}),
    # glibc before 2.34 has these apart.
    (start("libc.so.6") | {"/lib64/libc.so.6": elf(soname="libc.so.6"), "/lib64/libnss_dns.so.2": elf(["libresolv.so.2", "b.so"]),
                           "/lib64/b.so": LIB, "/lib64/libresolv.so.2": LIB, "/lib64/libgcc_s.so.1": LIB},
     {"/lib64/libnss_dns.so.2", "/lib64/b.so", "/lib64/libresolv.so.2", "/lib64/libgcc_s.so.1"}),
    (start("libc.so.6") | {"/lib64/libnss_dns.so.2": LIB}, set()),
])
def test_as_glibc_looks(sysroot, files, expected):
    assert laid(sysroot(files)) == GLIBC | expected


def test_as_musl_looks(sysroot):
    """In its own list of folders; every DT_RUNPATH on the way is inherited; the C library is in the loader."""
    path = sysroot({"/app/program": elf(["libx.so", "libc.musl-x86_64.so.1", "libpthread.so.0"], MUSL, runpath="/x"),
                    "/x/libx.so": elf(["liby.so", "libz.so", "libc.so"]), "/x/liby.so": LIB, "/opt/lib/libz.so": LIB,
                    "/etc/ld-musl-x86_64.path": "/lib:/opt/lib\n"}, loader=MUSL)
    assert laid(path) == {"/usr/bin/program", MUSL, "/x/libx.so", "/x/liby.so", "/opt/lib/libz.so", "/etc/ld-musl-x86_64.path"}


def test_another_processor(sysroot):
    loader = "/lib/ld-linux-aarch64.so.1"
    path = sysroot({loader: elf(machine=AARCH64), "/app/program": elf(["libc.so.6"], loader, machine=AARCH64),
                    "/lib/aarch64-linux-gnu/libc.so.6": elf(soname="libc.so.6", text=NEW_GLIBC, machine=AARCH64)})
    assert laid(path, "aarch64") == {"/usr/bin/program", loader, "/lib/aarch64-linux-gnu/libc.so.6"}


@pytest.mark.parametrize("files, parts", [
    (start("gone.so"), ("it needs 'gone.so', and there is none for x86_64", "/root/lib64/gone.so, ", "/root/usr/lib64/gone.so", "Install")),
    (start("a.so") | {"/lib64/a.so": elf(["gone.so"])}, ("its library /lib64/a.so needs 'gone.so'",)),
    # DT_RUNPATH is not inherited.
    (start("a.so", runpath="/x") | {"/x/a.so": elf(["b.so"]), "/x/b.so": LIB}, ("its library /x/a.so needs 'b.so'",)),
    (start("a.so") | {"/lib64/a.so": elf(machine=AARCH64)}, ("/root/lib64/a.so (it is for aarch64 (64 bit), the guest is x86_64",)),
    (start("a.so", flags=NODEFLIB) | {"/lib64/a.so": LIB, "/etc/ld.so.conf": "/lib64\n"}, ("it needs 'a.so'", "names no folder")),
    (start("a.so") | {"/lib64/a.so": "-> a.so"}, ("/root/lib64/a.so",)),
    # A link out of the root leads nowhere.
    (start("a.so") | {"/lib64/a.so": "-> ../../../../../../../../bin/ls"}, ("it needs 'a.so'",)),
    ({"/app/program": elf(["a.so"], "/lib/ld-none.so")}, ("it is dynamic: it needs the loader '/lib/ld-none.so'", MEND_STATIC[8:])),
    ({"/app/program": elf(["a.so"], "ld.so")}, ("it names 'ld.so' as its loader",)),
])
def test_what_is_missing_is_named(sysroot, files, parts):
    refused(sysroot(files), *parts)


# --- what no guest can run --------------------------------------------------------------------------------------------------

def crafted(folder, **what):
    path = folder / "crafted"
    path.write_bytes(elf(**{"kind": ET_EXEC, **what}))
    return path


def test_a_crafted_header_is_taken(tmp_path):
    """So that the refusals below are for what they change in it."""
    assert laid(crafted(tmp_path)) == {"/usr/bin/crafted"}


@pytest.mark.parametrize("flags, parts", [
    (["-shared", "-fPIC"], ("it is a shared library", MEND_STATIC)), (["-c"], ("it is an object file", "Link it first"))])
def test_what_is_no_executable(tmp_path, flags, parts):
    refused(compiled(tmp_path, *flags), *parts)


@pytest.mark.parametrize("header, found", [
    ({"machine": AARCH64}, "aarch64 (64 bit)"),
    ({"machine": I386, "wide": False}, "i386 (32 bit)"),
    ({"machine": X86_64, "wide": False}, "x86_64 (32 bit)"),
    ({"machine": 4242}, "ELF machine 4242 (64 bit)"),
])
def test_for_another_processor(tmp_path, header, found):
    refused(crafted(tmp_path, **header), f"it is for {found}, the guest is x86_64 (64 bit)", "Build it for x86_64")


def test_for_another_system(tmp_path):
    refused(crafted(tmp_path, abi=9), "it is for another system than Linux", "Build it for Linux")


@pytest.mark.parametrize("content, parts", [
    ("#!/usr/bin/env python3\nprint()\n", ("it is a script for '/usr/bin/env python3'", "a folder that has the script and its")),
    ("not a program " * 10, ("it is no ELF executable", "Name a Linux executable")),
    ("", ("it is empty", "Build it again")),
])
def test_what_is_no_program(tmp_path, content, parts):
    path = tmp_path / "file"
    path.write_text(content)
    refused(path, *parts)


def test_what_is_no_file(tmp_path):
    refused(tmp_path, "Is a directory", "Name the executable in it")
    refused(tmp_path / "none", "there is no such file")
    refused("/dev/null", "it is no regular file")


@pytest.mark.parametrize("kept", [20, 100, 1000, -1])
def test_cut_short(tmp_path, kept):
    """By so much that the header, the program headers or the last segment are not whole."""
    path = compiled(tmp_path, "-static", "-s")
    whole = path.read_bytes()
    end = max(offset + size for offset, size in segments(whole)) if kept == -1 else kept + 1
    path.write_bytes(whole[:end - 1])
    refused(path, "it is no ELF executable" if kept < 64 and kept != -1 else "cut short")


def segments(data):
    """(offset, size in the file) of each program header."""
    at, = struct.unpack_from("<Q", data, 32)
    count, = struct.unpack_from("<H", data, 56)
    for index in range(count):
        yield struct.unpack_from("<8xQ16xQ", data, at + 56 * index)


@pytest.mark.parametrize("place", ["/app/program", "/lib64/a.so", LOADER])
def test_damaged_files_end_in_words(sysroot, place):
    """A program, library or loader with bytes exchanged or cut off: taken or refused, nothing else."""
    path = sysroot(start("a.so", "libc.so.6", runpath="$ORIGIN/lib:/x") | {"/lib64/a.so": elf(["b.so"], soname="a.so", rpath="/y"),
                                                                            "/y/b.so": LIB})
    damaged = path.parents[1] / place.lstrip("/")
    whole, chance, taken = damaged.read_bytes(), random.Random(1), 0
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            at = chance.randrange(len(data))
            word = chance.choice([b"\0", b"\xff", b"\xff" * 8, struct.pack("<Q", chance.randrange(1 << 64)), b"\x7f", b"/", b"$"])
            data[at:at + len(word)] = word
        damaged.write_bytes(data[:chance.choice([len(data), len(data), chance.randrange(len(data))])])
        try:
            program.read(str(path), "x86_64")
            taken += 1
        except Refused as error:
            assert str(error).startswith(f"{path}: ") and str(error).count("\n") < 4
    assert 0 < taken < 400
