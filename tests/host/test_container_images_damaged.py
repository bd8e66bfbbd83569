"""tools/service reads any damaged image or refuses it in words: it never fails otherwise, hangs or writes elsewhere.

THIMBLE_FUZZ_MUTANTS=N tries N of each kind, THIMBLE_FUZZ_SEED=N others."""

import io
import json
import os
import random
import sys
import tarfile

import pytest

import oci
from oci import Layout, entry, folder, layer, link, symlink
from tree import HERE

sys.path.insert(0, str(HERE / "tools"))
from service import container
from service.tree import Refused, write_archive

MUTANTS = int(os.environ.get("THIMBLE_FUZZ_MUTANTS", "600"))
SEED = os.environ.get("THIMBLE_FUZZ_SEED", "thimble")
BLOCK = 512
LAYERS = [
    layer(folder("a"), entry("a/b", b"content" * 20), symlink("l", "a"), link("h", "a/b"), entry("l/x", b""),
          entry("d", kind="character"),
          entry("p" * 120, b"pax", uid=1 << 22), symlink("up", "../../..")),
    layer(entry("a/.wh..wh..opq"), entry(".wh.h"), folder("l"), entry("a" * 150 + "/b", b"gnu"), link("again", "up"),
          form=tarfile.GNU_FORMAT),
]
CONFIG = {"Entrypoint": ["/a/b"], "Cmd": ["x"], "Env": ["A=b"], "User": "1:1", "WorkingDir": "/a",
          "ExposedPorts": {"80/tcp": {}},
          "Volumes": {"/v": {}}, "StopSignal": "SIGTERM", "Labels": {"a": "b"},
          "Healthcheck": {"Test": ["CMD", "x"], "Interval": 1000000000, "Timeout": 0, "Retries": 1}}
FIELDS = ((0, 100), (100, 108), (108, 116), (116, 124), (124, 136), (136, 148), (156, 157), (157, 257), (257, 265),
          (345, 500))
BYTES = (b"", b"\0", b"/", b"..", b"../../../canary", b"a/../../b", b"/etc/passwd", b".wh..", b".wh...", b".wh.",
         b".wh..wh..opq", b"l/x", b"a",
         b"h", b"\xff" * 8, b"\x80" + b"\xff" * 7, b"\x80" + b"\0" * 6 + b"\1", b"77777777777", b"-1", b"9", b"0",
         b"1", b"2", b"3", b"5", b"x",
         b"g", b"L", b"K", b"S", b"ustar\0" b"00", b"ustar  \0", b"\n", b"././@LongLink", b"x" * 300)
VALUES = (None, True, False, -1, 0, 1 << 63, 1e308, "", "/", "..", "../../canary", "\0", "\ud800", "a" * 5000, "\n",
          [], {}, [[]], [None], [1],
          {"": {}}, {"a": 1}, "sha256:" + "0" * 64, "sha256:../../../../etc/passwd", "sha512:0", "linux", "amd64",
          "tcp", ["CMD-SHELL", "a", "b"],
          oci.INDEX, oci.MANIFEST)


def fixed(block):
    """The tar header BLOCK with the right checksum."""
    bare = block[:148] + b" " * 8 + block[156:]
    return bare[:148] + b"%06o\0 " % sum(bare) + bare[156:]


def change_bytes(dice, data):
    data = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 8))):
        at = dice.randrange(len(data) or 1)
        match dice.randrange(4):
            case 0:
                data[at:at + 1] = bytes([dice.randrange(256)])
            case 1:
                data[at:] = b""
            case 2:
                data[at:at + dice.randrange(600)] = b""
            case 3:
                data[at:at] = data[dice.randrange(len(data) or 1):][:dice.randrange(1500)]
    return bytes(data)


def change_headers(dice, data):
    """Another value in a field of a header, which stays a good header otherwise."""
    data = bytearray(data)
    headers = [at for at in range(0, len(data), BLOCK) if data[at + 257:at + 262] == b"ustar"]
    for _ in range(dice.choice((1, 1, 2, 4))):
        at, (begin, end) = dice.choice(headers), dice.choice(FIELDS)
        value = dice.choice(BYTES) if dice.random() < 0.9 else bytes(dice.randrange(256) for _ in range(end - begin))
        data[at + begin:at + end] = value[:end - begin].ljust(end - begin, b"\0")
        data[at:at + BLOCK] = fixed(data[at:at + BLOCK])
    return bytes(data)


def change_json(dice, value):
    """VALUE with one thing in it exchanged, removed or added."""
    value = json.loads(json.dumps(value))
    places, todo = [], [value]
    while todo:
        holder = todo.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        places += [(holder, key) for key in keys]
        todo += [holder[key] for key in keys if isinstance(holder[key], (dict, list))]
    holder, key = dice.choice(places)
    if dice.random() < 0.15:
        del holder[key]
    else:
        holder[key] = dice.choice(VALUES)
    return value


def image(dice, of_layer=None, of_packed=None, of_json=None):
    """A layout whose digests are right, changed on the way by the functions that are given."""
    layout, packed = Layout(), dice.choice(("", "+gzip"))
    layers = [of_layer(dice, data) if of_layer else data for data in LAYERS]
    victim = dice.randrange(4)

    def changed(number, value):
        return change_json(dice, value) if of_json and number == victim else value

    config = changed(0, {"architecture": "amd64", "os": "linux", "config": CONFIG,
                         "rootfs": {"type": "layers", "diff_ids": [oci.digest(data) for data in layers]}})
    blobs = [oci.PACKERS[packed](data) for data in layers]
    if of_packed:
        blobs = [of_packed(dice, data) for data in blobs]
    manifest = changed(1, {"config": layout.blob(config, oci.CONFIG),
                           "layers": [layout.blob(data, oci.LAYER + packed) for data in blobs]})
    nested = changed(2, {"manifests": [layout.blob(manifest, oci.MANIFEST,
                                                   platform={"os": "linux", "architecture": "amd64"},
                                                   annotations={"a": "b"})]})
    layout.manifests = [layout.blob(nested, oci.INDEX)]
    files = layout.finished()
    files["index.json"] = json.dumps(changed(3, json.loads(files["index.json"]))).encode()
    return layer(*(entry(name, data) for name, data in files.items()))


def saved(dice, tmp_path, change):
    """What `docker save` writes, with a changed manifest.json."""
    whole = io.BytesIO(oci.docker_archive(tmp_path / "whole.tar", *LAYERS, config=CONFIG).read_bytes())
    with tarfile.open(fileobj=whole) as tar:
        entries = [(info, tar.extractfile(info).read() if info.isreg() else b"") for info in tar]
    manifest = json.dumps(change(dice, json.loads(entries[-1][1]))).encode()
    return layer(*entries[:-1], entry("manifest.json", manifest))


KINDS = {
    "bytes": lambda dice, path: change_bytes(dice, image(dice)),
    "headers": lambda dice, path: change_headers(dice, image(dice)),
    "layers": lambda dice, path: image(dice, of_layer=change_bytes),
    "layers' headers": lambda dice, path: image(dice, of_layer=change_headers),
    "packed layers": lambda dice, path: image(dice, of_packed=change_bytes),
    "JSON": lambda dice, path: image(dice, of_json=True),
    "manifest.json": lambda dice, path: saved(dice, path, change_json),
}


class Nowhere:
    """Takes an archive's bytes."""

    def write(self, data):
        pass


watched = None      # the folder in which alone files may be opened to write to


def audit(event, words):
    if not watched:
        return
    if event in ("os.symlink", "os.link", "os.rename", "os.exec", "os.chmod", "os.chown") or (
            event == "open" and isinstance(words[2], int) and words[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            and not os.fspath(words[0]).startswith(watched)):
        raise AssertionError(f"{event} {words}")


sys.addaudithook(audit)


def check(tree):
    """The tree is one that the kernel can unpack."""
    paths = []
    for path, item in tree.walk():
        names = path.encode("utf-8", "surrogateescape").split(b"/")[1:]
        assert path == "/" or all(0 < len(name) < 256 and name not in (b".", b"..") and b"\0" not in name
                                  for name in names), path
        assert 0 <= item.uid < 65536 and 0 <= item.gid < 65536 and item.mode == item.mode & 0o7777
        paths.append(path)
    assert len(paths) == len(set(paths)) == tree.count
    write_archive(Nowhere(), tree.walk("/service"), lambda uid, gid: (uid + 65536, gid + 65536))


def test_what_is_damaged_is_good_before(tmp_path):
    for data in (image(random.Random(0)), saved(random.Random(0), tmp_path, lambda dice, value: value)):
        (tmp_path / "image.tar").write_bytes(data)
        tree, config = container.read(tmp_path / "image.tar", "x86_64")
        check(tree)
        assert tree.get("/again").target == "../../.." and config.cmd == ["x"]


@pytest.mark.deadline(120 + MUTANTS // 10)
@pytest.mark.parametrize("kind", KINDS)
def test_read_or_refused(kind, tmp_path, monkeypatch):
    global watched
    place = tmp_path / "place"
    (place / "tmp").mkdir(parents=True)
    monkeypatch.setattr("tempfile.tempdir", str(place / "tmp"))
    ended = {}
    for number in range(MUTANTS):
        dice = random.Random(f"{SEED} {kind} {number}")
        path = place / "image.tar"
        path.write_bytes(KINDS[kind](dice, tmp_path))
        watched = str(place / "tmp")
        try:
            tree, _ = container.read(path, "x86_64")
            check(tree)
            how = "read"
            del tree
        except Refused as error:
            how = "refused"
            assert str(error).isprintable(), f"mutant {number} ({kind}): {error!r}"
        except Exception as error:
            raise AssertionError(f"mutant {number} of seed {SEED!r} ({kind}): {error!r}") from error
        finally:
            watched = None
        ended[how] = ended.get(how, 0) + 1
        there = sorted(os.listdir(place)) + os.listdir(place / "tmp")
        assert there == ["image.tar", "tmp"], f"mutant {number} of seed {SEED!r} ({kind}) leaves {there}"
    # Of packed layers none is read, as each has another diff_id.
    assert set(ended) == {"refused"} | ({"read"} if kind != "packed layers" else set()), ended
