"""A container image that was made to harm is refused in words that name the offender, or does no harm."""

import gzip
import io
import json
import os
import sys
import tarfile

import pytest

import oci
from oci import Layout, entry, folder, layer, link, symlink
from test_container_images_damaged import fixed
from tree import HERE

sys.path.insert(0, str(HERE / "tools"))
from service import container, layers
from service.tree import Refused


def read_layers(tmp_path, *parts):
    layout = Layout()
    layout.image(*parts, packed="")
    return container.read(layout.archive(tmp_path / "image.tar"), "x86_64")[0]


def with_field(begin, value, data=None):
    """A layer of one file, one field of whose header is VALUE."""
    data = bytearray(data or layer(entry("victim", b"content"), form=tarfile.USTAR_FORMAT))
    data[begin:begin + len(value)] = value
    data[:512] = fixed(bytes(data[:512]))
    return bytes(data)


REFUSED_LAYERS = {
    "up": (layer(entry("a/../../canary", b"x")), "the path 'a/../../canary' has .. in it"),
    "absolute and up": (layer(entry("/../canary", b"x")), "'/../canary' has .. in it"),
    "hard link up": (layer(link("x", "../../../etc/passwd")), "'../../../etc/passwd' has .. in it"),
    "hard link to the host": (layer(link("x", "/etc/passwd")),
                              "the hard link 'x' leads to '/etc/passwd', which is not there"),
    "hard link to a folder": (layer(folder("a"), link("x", "a")), "the hard link 'x' leads to 'a', which is a folder"),
    "hard link to itself": (layer(link("x", "x")), "the hard link 'x' leads to 'x', which is not there"),
    "through a loop": (layer(symlink("l", "m"), symlink("m", "l"), entry("l/x")),
                       "the path 'l/x' goes through too many symbolic links"),
    "through a file": (layer(entry("f"), entry("f/x")), "the path 'f/x' goes through 'f', which is a file"),
    "root a file": (layer(entry("./")), "the root itself must be a folder"),
    "long name": (layer(entry("n" * 256)), "has a name longer than 255 bytes"),
    "long path": (layer(entry("/".join(["n" * 200] * 21))), "4095"),
    "through long names": (layer(symlink("l", "n" * 256), entry("l/x")), "longer than 255 bytes"),
    "path made long by links": (layer(symlink("l", "/".join(["n" * 200] * 18)),
                                      entry("/".join(["l", *["m" * 200] * 5]))), "4095"),
    "no name": (layer(entry("")), "names have 1 to 4095 bytes"),
    "NUL": (layer(entry("x", pax={"path": "a\0b"})), r"the path 'a\x00b' has a NUL in it"),
    "NUL in a target": (layer(entry("x", kind="symlink", pax={"linkpath": "a\0b"})),
                        r"the symbolic link 'x' has the target 'a\x00b'"),
    "long target": (layer(symlink("x", "t" * 4096)), "4095"),
    "whiteout of up": (layer(entry("a/.wh...")), "the whiteout 'a/.wh...' hides nothing"),
    "whiteout of nothing": (layer(entry(".wh.")), "the whiteout '.wh.' hides nothing"),
    "below a whiteout": (layer(entry(".wh.a/b")), "'.wh.a/b' is below a whiteout"),
    "negative size": (with_field(124, b"\xff" * 12), "'victim' in the tar archive has -1 bytes"),
    "huge size": (with_field(124, b"\x80" + b"\x7f" * 11), "'victim' in the tar archive has 1541"),
    "size over the end": (with_field(124, b"00000100000\0"), "cut off in the file 'victim' of 32768 bytes"),
    "size in PAX": (layer(entry("victim", pax={"size": "99999999999"})),
                    "cut off in the file 'victim' of 99999999999 bytes"),
    "negative in PAX": (layer(entry("victim", pax={"size": "-5"})), "'victim' in the tar archive has -5 bytes"),
    "no number in PAX": (layer(entry("victim", pax={"size": "1_0"})), "has '1_0' as the size of 'victim'"),
    "no number": (with_field(124, b"12x4"), "as a size"),
    "sparse": (layer(entry("victim", pax={"GNU.sparse.major": "1"})), "the file 'victim' in the tar archive is sparse"),
    "old sparse": (with_field(156, b"S"), "the file 'victim' in the tar archive is sparse"),
    "unknown type": (with_field(156, b"M"), "the file 'victim' in the tar archive is of type 'M'"),
    "checksum": (layer(entry("victim"), form=tarfile.USTAR_FORMAT).replace(b"victim", b"Victim"),
                 "the header at byte 0 has another checksum"),
    "no tar": (b"PK\3\4" * 1000, "this is no tar archive"),
    "text": (b"hello", "cut off in a header, at byte 0"),
    "cut off": (layer(entry("victim", b"x" * 2000))[:1024], "cut off in the file 'victim' of 2000 bytes"),
    "behind the end": (layer(entry("a")) + layer(entry("b")), None),
    "something behind the end": (bytes(512) + layer(entry("b")), "the tar archive has something behind its end"),
    "PAX without end": (with_field(156, b"x", layer(entry("a", b"99 path=x\n"), form=tarfile.USTAR_FORMAT)),
                        "a damaged PAX header: '99 path=x"),
    "PAX before nothing": (with_field(156, b"x", layer(entry("a", b"10 path=x\n"), form=tarfile.USTAR_FORMAT)),
                           "ends where a file should follow"),
    "many PAX records": (with_field(156, b"x", layer(entry("a", b"6 a=b\n" * 64), form=tarfile.USTAR_FORMAT)),
                         "a PAX header of 64 records or more"),
    "two PAX headers": (2 * with_field(156, b"x", layer(entry("a", b"10 path=x\n"), form=tarfile.USTAR_FORMAT))[:1024],
                        "two headers of type 'x'"),
    "large PAX header": (with_field(156, b"x", layer(entry("a", bytes(2 << 20)), form=tarfile.USTAR_FORMAT)),
                         "a header of 2097152 bytes"),
    "bzip2": (b"BZh9" + bytes(1000), "packed by bzip2"),
    "xz": (b"\xfd7zXZ\0" + bytes(1000), "packed by xz"),
}


@pytest.mark.parametrize("name", REFUSED_LAYERS)
def test_hostile_layers(tmp_path, name):
    data, words = REFUSED_LAYERS[name]
    if words is None:
        read_layers(tmp_path, data)
        return
    with pytest.raises(Refused) as caught:
        read_layers(tmp_path, data)
    said = str(caught.value)
    assert words in said and "layer 1 of 1, sha256:" in said and said.isprintable(), said


def test_links_lead_nowhere_else(tmp_path):
    """A link out of the image leads to a place in it, at whatever depth; an absolute name is below the root."""
    canary = tmp_path / "canary"
    canary.mkdir()
    tree = read_layers(tmp_path, layer(
        symlink("absolute", str(canary)), entry("absolute/x", b"1"), symlink("up", "../" * 40 + "tmp"),
        entry("up/y", b"2"),
        entry("/etc/passwd", b"3"), symlink("a/b/self", "."), entry("a/b/self/self/self/z", b"4"),
        symlink("host", "/etc/hostname"), entry("host", b"5")),
        layer(entry("absolute/.wh.x"), entry("absolute/.wh..wh..opq")))
    assert not os.listdir(canary)
    assert [tree.read(path) for path in ("/tmp/y", "/etc/passwd", "/a/b/z", "/host")] == [b"2", b"3", b"4", b"5"]
    assert tree.get(str(canary)) and not tree.get(f"{canary}/x") and not tree.get("/etc/hostname")


def test_names_in_another_case_are_other_names(tmp_path):
    tree = read_layers(tmp_path,
                       layer(entry("etc/passwd", b"1"), entry("ETC/passwd", b"2"), entry("etc/PASSWD", b"3"),
                             entry(".WH.x", b"")))
    there = [tree.read(path) for path in ("/etc/passwd", "/ETC/passwd", "/etc/PASSWD", "/.WH.x")]
    assert there == [b"1", b"2", b"3", b""]


@pytest.mark.parametrize("packed", oci.PACKERS)
def test_bombs(tmp_path, monkeypatch, packed):
    """What is unpacked is counted while it is; what is left of it goes."""
    monkeypatch.setattr(layers, "MAX_BYTES", 5_000_000)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    layout = Layout()
    layout.image(layer(entry("zeros", bytes(2_000_000))), layer(entry("more", bytes(4_000_000))), packed=packed)
    with pytest.raises(Refused, match="layer 2 of 2, .*: the image is larger than"):
        container.read(layout.archive(tmp_path / "image.tar"), "x86_64")
    whole = tmp_path / "image.tar.gz"
    whole.write_bytes(gzip.compress((tmp_path / "image.tar").read_bytes() + bytes(9_000_000)))
    with pytest.raises(Refused, match="the image is larger than"):
        container.read(whole, "x86_64")
    assert not os.listdir(tmp_path / "tmp")


def test_too_many_files(tmp_path, monkeypatch):
    monkeypatch.setattr("service.tree.MAX_ENTRIES", 1000)
    with pytest.raises(Refused, match="more than 1000 files and folders"):
        read_layers(tmp_path, layer(*(entry(f"{number}") for number in range(1000))))
    monkeypatch.setattr(layers, "MAX_MEMBERS", 500)
    with pytest.raises(Refused, match="more than 500 entries"):
        read_layers(tmp_path, layer(*(entry("same") for _ in range(501))))


def json_of(layout, descriptor):
    return json.loads(layout.files[blob(descriptor)])


def blob(descriptor):
    return "blobs/" + descriptor["digest"].replace(":", "/")


def changed_image(change):
    """A layout whose configuration and manifest CHANGE(config, manifest, layout) has changed; its digests are right."""
    layout = Layout()
    manifest = json_of(layout, layout.image(layer(entry("x", b"content"))))
    config = json_of(layout, manifest["config"])
    change(config, manifest, layout)
    manifest["config"] = layout.blob(config, oci.CONFIG)
    layout.manifests = [layout.blob(manifest, oci.MANIFEST)]
    return layout


def replace(path, value):
    """For changed_image(): config.config.Env and so on is VALUE."""
    def change(config, manifest, layout):
        place = {"config": config, "manifest": manifest}
        *above, last = path.split(".")
        for key in above:
            place = place[key]
        place[last] = value
    return change


REFUSED_JSON = {
    "wrong shape": (replace("config.config", []), "config in the configuration is []: it must be an object"),
    "Env": (replace("config.config.Env", {"A": "b"}), "Env in the configuration is {'A': 'b'}: it must be a list"),
    "Env of numbers": (replace("config.config.Env", ["A=1", 7]), "Env in the configuration is 7: it must be text"),
    "Cmd": (replace("config.config.Cmd", "sh -c x"), "Cmd in the configuration is 'sh -c x': it must be a list"),
    "NUL": (replace("config.config.Cmd", ["a\0b"]), r"Cmd in the configuration is 'a\x00b': there can be no NUL"),
    "half a character": (replace("config.config.User", "\ud800"),
                         r"User in the configuration is '\ud800': it must be UTF-8"),
    "line break": (replace("config.config.User", "root\nuid=0"),
                   r"User in the configuration is 'root\nuid=0': there can be no line break"),
    "volume": (replace("config.config.Volumes", {"/a\nb": {}}), r"a volume in the configuration is '/a\nb'"),
    "port": (replace("config.config.ExposedPorts", {"99999/tcp": {}}),
             "the port '99999/tcp' in the configuration is none"),
    "many ports": (replace("config.config.ExposedPorts", {f"{'0' * zeros}1-65535": {} for zeros in range(5)}),
                   "the configuration has more than 131070 ports"),
    "label's name": (replace("config.config.Labels", {"\ud800": "x"}),
                     r"a label in the configuration is '\ud800': it must be UTF-8"),
    "health": (replace("config.config.Healthcheck", {"Test": ["x"]}),
               "Test in Healthcheck of the configuration is ['x']"),
    "interval": (replace("config.config.Healthcheck", {"Test": ["CMD", "x"], "Interval": -1}),
                 "Interval in Healthcheck of the configuration is -1"),
    "label": (replace("config.config.Labels", {"a": True}),
              "a in Labels of the configuration is True: it must be text"),
    "diff_ids": (replace("config.rootfs.diff_ids", []), "it has 1 layers and its configuration 0"),
    "diff_id": (replace("config.rootfs.diff_ids", ["sha256:" + "0" * 64]),
                "unpacked it has not the digest sha256:0000"),
    "unknown digest": (replace("config.rootfs.diff_ids", ["md5:" + "0" * 32]),
                       "'md5:00000000000000000000000000000000' is no digest that is known"),
    "Windows": (replace("config.os", "windows"), "has no image for linux/amd64, but for: 'windows/amd64'"),
    "layers": (replace("manifest.layers", ["x"]), "a layer in the manifest is 'x': it must be an object"),
    "path as a digest": (replace("manifest.layers", [{"digest": "sha256:../../../etc/passwd", "size": 1}]),
                         "'sha256:../../../etc/passwd' is no digest"),
    "encrypted": (replace("manifest.layers", [{"mediaType": oci.LAYER + "+encrypted"}]), "decrypt the image first"),
}


@pytest.mark.parametrize("name", REFUSED_JSON)
def test_hostile_json(tmp_path, name):
    change, words = REFUSED_JSON[name]
    with pytest.raises(Refused) as caught:
        container.read(changed_image(change).archive(tmp_path / "image.tar"), "x86_64")
    assert words in str(caught.value) and str(caught.value).isprintable(), caught.value


@pytest.mark.parametrize("text, words", [
    (b"{", "index.json is not JSON"), (b"\xff", "index.json is not JSON"),
    (b"[" * 200_000, "index.json is JSON that is nested too deep"),
    (b'{"manifests":' * 5000, "nested too deep"), (b"[]", "it must be an object"),
    (b"null", "no image for linux/amd64, but for: nothing"),
    (b'{"manifests": %s}' % (b"9" * 5000), "index.json is not JSON"), (b'{"manifests": 1e999}', "it must be a list"),
    (b" " * (5 << 20), "5242880 bytes: 4194304 are possible"),
    (b'{"manifests": [{"mediaType": 3}]}', "mediaType in the index is 3"),
], ids=range(10))
def test_hostile_indexes(tmp_path, text, words):
    layout = Layout()
    layout.image(layer(entry("x")))
    path = layout.folder(tmp_path / "layout")
    (path / "index.json").write_bytes(text)
    with pytest.raises(Refused) as caught:
        container.read(path, "x86_64")
    assert words in str(caught.value), caught.value


def test_indexes_in_indexes(tmp_path):
    layout = Layout()
    layout.image(layer(entry("x")))
    for _ in range(20):
        layout.manifests = [layout.blob({"manifests": layout.manifests}, oci.INDEX)]
    with pytest.raises(Refused, match="indexes more than 8 deep"):
        container.read(layout.archive(tmp_path / "image.tar"), "x86_64")


@pytest.mark.parametrize("which", ["manifest", "configuration", "layer"])
def test_digests_and_sizes(tmp_path, which):
    def damaged(change):
        layout = Layout()
        manifest = layout.image(layer(entry("x", b"content")))
        inner = json_of(layout, manifest)
        name = blob({"manifest": manifest, "configuration": inner["config"], "layer": inner["layers"][0]}[which])
        change(layout.files, name)
        return layout.archive(tmp_path / "image.tar")

    def flip(files, name):
        files[name] = files[name][:-1] + bytes([files[name][-1] ^ 1])

    with pytest.raises(Refused, match=f"the {which} sha256:[0-9a-f]* has another digest"):
        container.read(damaged(flip), "x86_64")
    with pytest.raises(Refused, match=f"the {which} sha256:[0-9a-f]* has [0-9]* bytes, not the [0-9]* by which it is"):
        container.read(damaged(lambda files, name: files.update({name: files[name] + b" "})), "x86_64")
    with pytest.raises(Refused, match=f"the {which} sha256:[0-9a-f]* is not in it: '/blobs/sha256/"):
        container.read(damaged(lambda files, name: files.pop(name)), "x86_64")


def test_docker_archives(tmp_path):
    """What manifest.json of `docker save` may not say."""
    good = oci.docker_archive(tmp_path / "good.tar", layer(entry("x")))
    with tarfile.open(good) as tar:
        entries = [(info, tar.extractfile(info).read() if info.isreg() else b"") for info in tar]
    config = entries[-2]

    def read(manifest, *more):
        path = tmp_path / "image.tar"
        path.write_bytes(layer(*entries[:-2], *(more or [config]),
                               entry("manifest.json", json.dumps(manifest).encode())))
        return container.read(path, "x86_64")

    one = json.loads(entries[-1][1])[0]
    for manifest, words in (
            ([], "it has 0 images"), ({}, "it must be a list"), ([7], "an image in manifest.json is 7"),
            ([{**one, "Layers": ["../../etc/passwd"]}], "'../../etc/passwd' has .. in it"),
            ([{**one, "Layers": ["/etc/passwd"]}], "the layer is not in it"),
            ([{**one, "Config": ""}], "a path is empty"),
            ([{**one, "Layers": one["Layers"] * 2}], "it has 2 layers and its configuration 1")):
        with pytest.raises(Refused) as caught:
            read(manifest)
        assert words in str(caught.value), caught.value
    with pytest.raises(Refused, match="the configuration sha256:.* has another digest"):
        read([one], entry(config[0].name, config[1] + b" "))
    with pytest.raises(Refused, match="the layer is not in it"):
        read([one], config, symlink(one["Layers"][0], "/etc/passwd"))


def test_layouts_with_links(tmp_path):
    """A folder whose blobs are links to files of the host: these are not followed."""
    layout = Layout()
    layout.image(layer(entry("x")))
    path = layout.folder(tmp_path / "layout")
    moved = tmp_path / "index.json"
    (path / "index.json").rename(moved)
    (path / "index.json").symlink_to(moved)
    with pytest.raises(Refused, match="the index is not in it: '/index.json'"):
        container.read(path, "x86_64")
    moved.rename(path / "index.json")
    (path / "blobs").rename(tmp_path / "blobs")
    (path / "blobs").symlink_to(tmp_path / "blobs")
    with pytest.raises(Refused, match="is not in it"):
        container.read(path, "x86_64")


@pytest.mark.parametrize("make, words", [
    (lambda path: None, "cannot be read: No such file or directory"),
    (lambda path: path.mkdir(), "neither index.json nor manifest.json"),
    (lambda path: path.write_bytes(b""), "neither index.json nor manifest.json"),
    (os.mkfifo, "neither a file nor a folder"),
    (lambda path: path.write_bytes(b"\x7fELF" * 1000), "this is no tar archive"),
    (lambda path: path.write_bytes(b"\x1f\x8b\x08"), "packed data is damaged"),
    (lambda path: path.write_bytes(gzip.compress(b"x" * 10000)[:-8]), "packed data is damaged"),
    (lambda path: path.write_bytes(b"\x28\xb5\x2f\xfd" * 100), "Zstandard data is damaged"),
])
def test_what_is_no_image(tmp_path, make, words):
    make(tmp_path / "image")
    with pytest.raises(Refused) as caught:
        container.read(tmp_path / "image", "x86_64")
    assert str(caught.value).startswith(f"'{tmp_path}/image': ") and words in str(caught.value), caught.value


def test_no_room(tmp_path, monkeypatch):
    """A full disk is said in words."""
    layout = Layout()
    layout.image(layer(entry("x", b"x" * 100_000)))
    path = layout.archive(tmp_path / "image.tar")
    monkeypatch.setattr("tempfile.tempdir", "/dev/full")
    with pytest.raises(Refused, match="it cannot be unpacked: Not a directory: .*TMPDIR="):
        container.read(path, "x86_64")
