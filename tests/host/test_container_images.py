"""tools/service reads a container image as container engines do: layers, whiteouts, links, configuration, platform."""

import gzip
import json
import os
import pathlib
import random
import stat
import subprocess
import sys
import tarfile

import pytest

import oci
from container import run, unpack
from oci import Layout, entry, folder, layer, link, symlink
from tree import HERE

sys.path.insert(0, str(HERE / "tools"))
from service import container, layers as service_layers
from service.tree import Refused

NAME = "io.containerd.image.name"      # of annotations
BASE = layer(
    folder("usr", 0o755), folder("usr/lib"), symlink("lib", "usr/lib"), symlink("var", "/srv/var"),
    folder("tmp", 0o1777),
    entry("lib/libc.so.6", b"libc" * 3000, mode=0o755), entry("usr/lib/one", b"1"), link("usr/lib/uno", "usr/lib/one"),
    folder("srv"), folder("srv/var"), entry("srv/var/old", b"old"), folder("srv/keep"), entry("srv/keep/file", b"keep"),
    entry("etc/passwd", b"root:x:0:0::/root:/bin/sh\n"), entry("usr/bin/su", b"su", mode=0o4755),
    folder("opt"), folder("opt/folder"), entry("opt/folder/below", b"x"), entry("opt/file", b"file"),
    symlink("opt/loop", "loop"),
)
UPPER = layer(
    entry("lib/second", b"second"), entry("var/new", b"new"),           # through links
    entry("srv/keep/new", b"new"), entry("srv/keep/.wh..wh..opq"), entry("srv/keep/later", b"later"),
    entry("opt/folder", b"now a file"), folder("opt/file"), entry("opt/file/below", b"now a folder"),
    entry("usr/lib/.wh.uno"), link("usr/lib/ein", "usr/lib/one"), link("usr/lib/eins", "usr/lib/ein"),
    entry("etc/passwd", b"first"), entry("etc/passwd", b"last"), entry("deep/er/than/its/folders", b""),
    symlink("opt/dangling", "../../../../etc/passwd"), entry("./with/./dots//here", b""),
    entry("n" * 200 + "/" + "m" * 200, b"long"), symlink("long", "t" * 300),
)
THIRD = layer(entry("var/.wh.old"), entry("lib/second", b"another", mode=0o600), entry("opt/.wh.file"),
              entry("opt/.wh.not-there"))


def read(path, arch="x86_64"):
    return container.read(path, arch)


def found(tree):
    """{path: what is there}; the hard links of one file have the same number."""
    numbers, there = {}, {}
    for path, item in tree.walk():
        what = {"folder": lambda: None, "file": lambda: tree.read(path), "symlink": lambda: item.target}[item.kind]()
        number = numbers.setdefault(id(item), len(numbers)) if item.kind == "file" else None
        there[path] = (item.kind, item.mode if item.kind != "symlink" else None, what, number)
    return there


def unpacked(root):
    """The same of a folder."""
    numbers, there = {}, {}
    for path in [root, *(pathlib.Path(above, name) for above, folders, files in os.walk(root)
                         for name in folders + files)]:
        status = path.lstat()
        kind = {stat.S_IFDIR: "folder", stat.S_IFREG: "file", stat.S_IFLNK: "symlink"}[stat.S_IFMT(status.st_mode)]
        what = {"folder": lambda: None, "file": path.read_bytes, "symlink": lambda: os.readlink(path)}[kind]()
        number = numbers.setdefault(status.st_ino, len(numbers)) if kind == "file" else None
        name = str(path.relative_to(root))
        there["/" if name == "." else f"/{name}"] = (kind, stat.S_IMODE(status.st_mode) if kind != "symlink" else None,
                                                     what, number)
    return there


def same_files(mine, others):
    """Whether both have the same; which numbers stand for hard links does not matter."""
    def linked(there):
        groups = {}
        for path, (_, _, _, number) in there.items():
            groups.setdefault(number, set()).add(path)
        groups.pop(None, None)
        return sorted(map(sorted, groups.values()))

    bare = [{path: what[:3] for path, what in there.items()} for there in (mine, others)]
    differing = {path: [side.get(path) for side in bare] for path in {*bare[0], *bare[1]}
                 if bare[0].get(path) != bare[1].get(path)}
    assert not differing, differing
    assert linked(mine) == linked(others)


@pytest.mark.parametrize("packed", oci.PACKERS)
def test_as_umoci_unpacks_it(tmp_path, packed):
    layout = Layout()
    # umoci 0.4 knows no Zstandard: it gets the same layers packed by gzip.
    layout.image(BASE, UPPER, THIRD, packed=packed)
    gzipped = Layout()
    gzipped.image(BASE, UPPER, THIRD, annotations={"org.opencontainers.image.ref.name": "x"})
    tree, _ = read(layout.archive(tmp_path / "image.tar"))
    same_files(found(tree), unpacked(unpack(gzipped.archive(tmp_path / "other.tar"), tmp_path) / "rootfs"))


def random_layer(dice):
    """Whiteouts first, as the specification asks for: programs differ in what they hide when they come later."""
    def path(names):
        return "/".join([*dice.choices("delm", k=dice.choice((0, 1, 1, 2))), dice.choice(names)])

    makers = {"file": lambda: entry(path("fgh"), dice.randbytes(dice.randrange(4)), mode=dice.choice((0o644, 0o4755))),
              "folder": lambda: folder(path("dedelm"), mode=dice.choice((0o755, 0o700))),
              "symlink": lambda: symlink(path("lmlmfg"), dice.choice(("", "/", "../", "./")) + path("de")),
              "link": lambda: link(path("fgh"), path("fgh")),
              "whiteout": lambda: entry(path([".wh.d", ".wh.f", ".wh.l", ".wh.m", ".wh..wh..opq"]))}
    kinds = dice.choices(list(makers), weights=(7, 3, 3, 1, 3), k=dice.randrange(1, 10))
    return layer(*(makers[kind]() for kind in sorted(kinds, key=lambda kind: kind != "whiteout")))


def test_anything_as_umoci_unpacks_it(tmp_path):
    """Layers at random: links in each other's place, folders that become files, hard links, whiteouts through links."""
    compared = 0
    for number in range(80):
        dice, layout = random.Random(number), Layout()
        place = tmp_path / str(number)
        layout.image(*(random_layer(dice) for _ in range(3)), annotations={"org.opencontainers.image.ref.name": "x"})
        layout.folder(place / "layout")
        done = subprocess.run(["umoci", "unpack", "--rootless", "--image", place / "layout:x", place / "bundle"],
                              capture_output=True)
        try:
            tree, _ = read(place / "layout")
        except Refused as refused:
            assert done.returncode, f"image {number}: {refused}"
            continue
        if done.returncode == 0:
            same_files(found(tree), unpacked(place / "bundle/rootfs"))
            compared += 1
    assert compared > 25


def test_what_real_programs_write(tmp_path):
    """umoci makes an image of several layers, skopeo writes it in each form: the same comes out of all."""
    layout, one, two = tmp_path / "layout", tmp_path / "one", tmp_path / "two"
    for path, data in (("bin/program", b"#!/bin/sh\n" * 1000), ("etc/conf", b"1"), ("var/data/x", b"x")):
        (one / path).parent.mkdir(parents=True, exist_ok=True)
        (one / path).write_bytes(data)
    (one / "bin/program").chmod(0o4755)
    (one / "bin/sh").symlink_to("/bin/program")
    os.link(one / "bin/program", one / "bin/same")
    (two / "conf").parent.mkdir()
    (two / "conf").write_bytes(b"2")
    image = f"{layout}:x"
    run("umoci", "init", "--layout", layout)
    run("umoci", "new", "--image", image)
    run("umoci", "insert", "--rootless", "--image", image, one, "/")
    run("umoci", "insert", "--rootless", "--opaque", "--image", image, two, "/etc")
    run("umoci", "insert", "--rootless", "--whiteout", "--image", image, "/var/data")
    run("umoci", "config", "--image", image, "--architecture", "amd64", "--config.entrypoint", "/bin/program",
        "--config.cmd", "-x", "--config.env", "A=b c", "--config.user", "7:8", "--config.workingdir", "/var/../srv",
        "--config.exposedports", "8080", "--config.exposedports", "53/udp", "--config.volume", "/data/",
        "--config.stopsignal", "SIGQUIT", "--config.label", "a=b")
    forms = {"oci-archive": f"oci-archive:{tmp_path}/oci.tar:x",
             "docker-archive": f"docker-archive:{tmp_path}/docker.tar:name:x"}
    for form in forms.values():
        run("skopeo", "copy", "--insecure-policy", f"oci:{image}", form)
    packed = tmp_path / "docker.tar.gz"
    packed.write_bytes(gzip.compress((tmp_path / "docker.tar").read_bytes()))
    run("umoci", "unpack", "--rootless", "--image", image, tmp_path / "bundle")
    expected = unpacked(tmp_path / "bundle/rootfs")
    assert "/etc/conf" in expected and "/var/data" not in expected
    for path in (layout, tmp_path / "oci.tar", tmp_path / "docker.tar", packed):
        tree, config = read(path)
        same_files(found(tree), expected)
        assert (config.entrypoint, config.cmd, config.user, config.workdir, config.stop_signal, config.labels) == (
            ["/bin/program"], ["-x"], "7:8", "/srv", "SIGQUIT", {"a": "b"})
        assert (config.env[-1], config.exposed_ports, config.volumes) == ("A=b c", ["53/udp", "8080/tcp"], ["/data"])
        assert config.architecture == "amd64" and config.healthcheck is None and not config.notes
    assert config.reference.endswith("/name:x"), "expected the name that the archive has"


def test_docker_save(tmp_path):
    """As older Dockers write it: a layer that is there twice is a symbolic link to the first."""
    tree, config = read(oci.docker_archive(tmp_path / "image.tar", BASE, UPPER, THIRD, BASE,
                                           config={"Cmd": ["/usr/bin/su"]}))
    assert tree.read("/usr/lib/one") == b"1" and tree.read("/etc/passwd").startswith(b"root")
    assert config.cmd == ["/usr/bin/su"]
    assert tree.get("/usr/bin/su").mode == 0o4755
    assert config.reference == "example:latest"


def test_the_image_of_this_tree(built_tree):
    tree, config = read(built_tree.folder / "out/kms-relay-x86_64.oci.tar")
    assert config.entrypoint == ["/bin/entry"] and config.exposed_ports == ["1688/tcp"] and config.user == "104:104"
    assert (tree.get("/home/service").uid, tree.get("/home/service").mode) == (104, 0o700)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_each_form_of_tar(tmp_path, form):
    """Long names, owners and sizes above what fits into octal digits, names that are not UTF-8 or have line breaks."""
    entries = [entry("a" * 90 + "/" + "b" * 60, b"long"), entry("two\nlines", b"2"),
               entry("octal", mode=0o7777, uid=0o7777, gid=65535)]
    if form != tarfile.USTAR_FORMAT:
        entries += [entry("c" * 255 + "/" + "d" * 255, b"longer"), symlink("s", "x" * 4000),
                    link("h", "c" * 255 + "/" + "d" * 255),
                    entry("owner", uid=1 << 21, gid=1 << 30),
                    entry(b"\xe9\xff".decode("utf-8", "surrogateescape"), b"latin")]
    layout = Layout()
    layout.image(layer(*entries, form=form))
    tree, config = read(layout.archive(tmp_path / "image.tar"))
    assert tree.read("/" + "a" * 90 + "/" + "b" * 60) == b"long" and tree.read("/two\nlines") == b"2"
    octal = tree.get("/octal")
    assert (octal.mode, octal.uid, octal.gid) == (0o7777, 0o7777, 65535)
    if form != tarfile.USTAR_FORMAT:
        assert tree.read("/h") == b"longer" and tree.get("/s").target == "x" * 4000
        assert tree.read("/\udce9\udcff") == b"latin"
        assert (tree.get("/owner").uid, tree.get("/owner").gid) == (65534, 65534)
        assert any("belong to 65534" in note and "owner (2097152:1073741824)" in note
                   for note in config.notes), config.notes


def test_what_is_left_out(tmp_path):
    layout = Layout()
    capability = {"SCHILY.xattr.security.capability": "\1\0\0\2"}
    layout.image(layer(entry("dev/null", kind="character"), entry("dev/sda", kind="block"), entry("pipe", kind="fifo"),
                       entry("bin/ping", b"x", pax=capability), entry("gone", b"x"), entry("gone", kind="fifo")))
    tree, config = read(layout.archive(tmp_path / "image.tar"))
    assert [path for path, _ in tree.walk()] == ["/", "/bin", "/bin/ping"]
    assert [note.partition(":")[0] for note in config.notes] == ["devices and fifos are left out",
                                                                 "programs lose their file capabilities"]
    assert ": 4, " in config.notes[0] and "bin/ping" in config.notes[1]


def test_whiteouts(tmp_path):
    """They hide what lower layers have, never what their own layer has, wherever they stand in it."""
    lower = layer(folder("a"), entry("a/x", b"lower"), entry("a/y", b"lower"), symlink("link", "a"),
                  entry("top", b"lower"),
                  folder("b"), entry("b/x", b"lower"), symlink("c", "a"))
    upper = layer(entry("a/x", b"upper"), entry("a/.wh..wh..opq"), entry("b/x", b"upper"), entry("b/.wh.x"),
                  entry(".wh.top"),
                  folder("c"), entry("c/.wh..wh..opq"), entry("c/new", b""), entry(".wh..wh.aufs", b"an engine's own"),
                  entry(".wh..wh.plnk/12.34", b"an engine's own"))
    layout = Layout()
    layout.image(lower, upper)
    tree, _ = read(layout.archive(tmp_path / "image.tar"))
    assert {path: item.kind for path, item in tree.walk()} == {
        "/": "folder", "/a": "folder", "/a/x": "file", "/b": "folder", "/b/x": "file", "/c": "folder",
        "/c/new": "file", "/link": "symlink"}
    assert tree.read("/a/x") == tree.read("/b/x") == b"upper"
    layout = Layout()
    layout.image(lower, layer(folder("c"), entry("c/.wh..wh..opq"), entry("c/.wh.x")))
    tree, _ = read(layout.archive(tmp_path / "image.tar"))
    assert tree.get("/a/x"), "expected a whiteout in a new folder not to reach through the link that it replaces"
    layout = Layout()
    layout.image(lower, layer(entry(".wh..wh..opq"), entry("only", b"")))
    tree, _ = read(layout.archive(tmp_path / "image.tar"))
    assert [path for path, _ in tree.walk()] == ["/", "/only"]


def several(layout):
    """An index in the index: two platforms, variants, an attestation, and an artifact of another kind."""
    made = {}
    for architecture, variant in (("amd64", ""), ("amd64", "v3"), ("arm64", "v8"), ("s390x", "")):
        platform = {"os": "linux", "architecture": architecture, **({"variant": variant} if variant else {})}
        made[architecture + variant] = layout.image(layer(entry("for", (architecture + variant).encode())),
                                                    architecture=architecture,
                                                    platform=platform)
    attestation = layout.image(layer(entry("x")), platform={"os": "unknown", "architecture": "unknown"},
                               annotations={"vnd.docker.reference.type": "attestation-manifest"})
    other = layout.blob({"config": layout.blob(b"not JSON", "application/vnd.example"), "layers": []}, oci.MANIFEST)
    layout.manifests = [layout.blob({"manifests": [attestation, *made.values()]}, oci.INDEX,
                                    annotations={NAME: "example:1"}), other]
    return made


def test_the_platform_out_of_an_index(tmp_path):
    layout = Layout()
    made = several(layout)
    # As `docker save` of one platform: the blobs of the others are not there.
    for name in ("arm64v8", "s390x"):
        layout.files.pop("blobs/" + made[name]["digest"].replace(":", "/"))
    path = layout.archive(tmp_path / "image.tar")
    tree, config = read(path)
    assert tree.read("/for") == b"amd64" and config.reference == "example:1" and not config.notes
    with pytest.raises(Refused, match="linux/riscv64, but for: 'linux/amd64, linux/amd64/v3, linux/arm64/v8, linux/"):
        read(path, "riscv64")
    with pytest.raises(Refused, match=f"the manifest {made['arm64v8']['digest']} is not in it"):
        read(path, "aarch64")


def test_a_variant_is_taken_with_a_note(tmp_path):
    layout = Layout()
    layout.image(layer(entry("x")), platform={"os": "linux", "architecture": "amd64", "variant": "v3"})
    _, config = read(layout.archive(tmp_path / "image.tar"))
    assert "amd64/v3" in config.notes[0]


def test_several_images(tmp_path):
    layout = Layout()
    first = layout.image(layer(entry("x")), annotations={NAME: "one:1"})
    layout.manifests.append({**first, "annotations": {NAME: "one:latest"}})
    tree, config = read(layout.folder(tmp_path / "layout"))
    assert tree.get("/x") and config.reference == "one:1"
    layout.image(layer(entry("y")), annotations={NAME: "two:1"})
    with pytest.raises(Refused, match="several images: 'one:1, two:1'; save one alone"):
        read(layout.archive(tmp_path / "image.tar"))


def configured(tmp_path, config, **more):
    layout = Layout()
    layout.image(layer(), config=config, **more)
    return read(layout.archive(tmp_path / "image.tar"))[1]


def test_the_configuration(tmp_path):
    config = configured(tmp_path, {
        "Entrypoint": None, "Cmd": ["a", "b\nc"],
        "Env": ["A=1", "B=2=3", "A=4", "EMPTY=", "LINES=a\nb", "NOTHING", "=x"], "ArgsEscaped": True,
        "WorkingDir": "rel//ative/", "ExposedPorts": {"80": {}, "8000-8002/udp": {}, "9/sctp": {}},
        "Volumes": {"/b": {}, "a/../c/": {}},
        "Healthcheck": {"Test": ["CMD-SHELL", "curl localhost"], "Interval": 5_000_000_000, "Timeout": 1, "Retries": 7},
        "Labels": {"lines": "a\nb"}})
    assert config.entrypoint == [] and config.cmd == ["a", "b\nc"] and config.env == ["A=4", "B=2=3", "EMPTY="]
    assert config.workdir == "/rel/ative" and config.volumes == ["/b", "/c"] and config.labels == {"lines": "a\nb"}
    assert config.exposed_ports == ["80/tcp", "8000/udp", "8001/udp", "8002/udp"]
    assert config.healthcheck == container.Health(["/bin/sh", "-c", "curl localhost"], 5000, 1, 0, 7)
    assert [note.partition(" is left out")[0] for note in config.notes] == [
        "the variable 'LINES'", "the variable 'NOTHING'", "the variable '=x'", "the port '9/sctp'"]


def test_health_checks(tmp_path):
    for check, expected in (({"Test": ["CMD", "/x", "y"]}, container.Health(["/x", "y"], 30_000, 30_000, 0, 3)),
                            ({"Test": ["NONE"]}, None), ({"Test": []}, None), ({}, None)):
        assert configured(tmp_path, {"Healthcheck": check}).healthcheck == expected
    assert configured(tmp_path,
                      {"Healthcheck": {"Test": ["CMD-SHELL", "x"]},
                       "Shell": ["/bin/bash", "-lc"]}).healthcheck.test == [
        "/bin/bash", "-lc", "x"]


def test_other_digests(tmp_path):
    layout = Layout()
    layout.image(layer(entry("x", b"512")), algorithm="sha512")
    assert read(layout.archive(tmp_path / "image.tar"))[0].read("/x") == b"512"


def test_gzip_in_several_members(tmp_path):
    """As eStargz writes a layer; and zeros behind it, as tape drives do."""
    data = layer(entry("x", b"members" * 1000))
    layout = Layout()
    layout.image(data)
    packed = b"".join(gzip.compress(data[at:at + 700]) for at in range(0, len(data), 700)) + bytes(512)
    manifest = json.loads(layout.files["blobs/" + layout.manifests[0]["digest"].replace(":", "/")])
    manifest["layers"] = [layout.blob(packed, oci.LAYER + "+gzip")]
    layout.manifests = [layout.blob(manifest, oci.MANIFEST)]
    assert read(layout.archive(tmp_path / "image.tar"))[0].read("/x") == b"members" * 1000


def test_zstd_in_several_frames(tmp_path):
    """As zstd:chunked writes a layer: frames, some of which hold no data."""
    data = layer(entry("x", b"frames" * 1000))
    skipped = b"\x50\x2a\x4d\x18\4\0\0\0abcd"
    packed = skipped + oci.zstd(data[:1000]) + oci.zstd(data[1000:]) + b"\x5f" + skipped[1:]
    path = tmp_path / "layer"
    path.write_bytes(packed)
    unpacked_layer = service_layers.Layers().unpack(container.Slice(str(path), 0, len(packed)), oci.digest(data))
    assert unpacked_layer.size == len(data)


def test_without_the_program_zstd(tmp_path, monkeypatch):
    layout = Layout()
    layout.image(layer(entry("x")), packed="+zstd")
    path = layout.archive(tmp_path / "image.tar")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(service_layers, "zstd", None)
    with pytest.raises(Refused, match="layer 1 of 1, sha256:.* no program `zstd`: install the package zstd"):
        read(path)


def test_100000_files(tmp_path, monkeypatch):
    """They are taken, and nothing is left when the tree is gone."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    entries = (entry(f"folder/{number // 300}/{number}", b"x") for number in range(100_000))
    layout = Layout()
    layout.image(layer(*entries, form=tarfile.USTAR_FORMAT))
    tree, _ = read(layout.archive(tmp_path / "image.tar"))
    assert tree.count == 100_000 + 334 + 2 and tree.read("/folder/7/2345") == b"x"
    assert len(os.listdir(tmp_path / "tmp")) == 1
    del tree
    assert not os.listdir(tmp_path / "tmp")


def test_no_program_but_zstd_is_run(tmp_path, monkeypatch):
    layout = Layout()
    layout.image(BASE, UPPER)
    monkeypatch.setattr(subprocess, "Popen", lambda *words, **more: pytest.fail(f"executed {words}"))
    read(layout.archive(tmp_path / "image.tar"))
