"""The container image is what skopeo and umoci take for one, and holds the service and what it needs, nothing else."""

import json
import os
import pathlib
import tarfile

import pytest

from container import run, unpack

FOLDERS = {"bin", "etc", "etc/thimble", "home", "home/service", "run", "run/thimble", "tmp", "usr", "usr/bin"}
FILES = {"bin/entry", "bin/service", "etc/passwd", "etc/group", "etc/thimble/appliance", "etc/thimble/settings.conf",
         "etc/thimble/site.conf"}
EXPECTED = {
    "kms-relay": dict(more={"bin/resolver", "usr/bin/relay"}, service="bin/relay", user="104:104", ports={"1688/tcp"}, licenses="MIT",
                      users=["root", "service", "resolver"]),
    "dns": dict(more={"usr/bin/dnsmasq"}, service="packages/dnsmasq/root/sbin/dnsmasq", user="0:0", ports={"53/tcp", "53/udp"},
                licenses="MIT AND (GPL-2.0-only OR GPL-3.0-only)", users=["root", "service"]),
}


@pytest.fixture(params=EXPECTED)
def appliance(request):
    return request.param


@pytest.fixture
def image(built_tree, appliance):
    return built_tree.folder / f"out/{appliance}-x86_64.oci.tar"


def test_what_it_says_of_itself(image, appliance):
    expected = EXPECTED[appliance]
    config = json.loads(run("skopeo", "inspect", "--config", f"oci-archive:{image}"))
    assert (config["architecture"], config["os"], config["created"]) == ("amd64", "linux", "2026-01-01T00:00:00Z")
    assert config["config"]["Entrypoint"] == ["/bin/entry"] and config["config"]["StopSignal"] == "SIGTERM"
    assert config["config"]["User"] == expected["user"]
    assert set(config["config"]["ExposedPorts"]) == expected["ports"]
    labels = {key.rsplit(".", 1)[1]: value for key, value in config["config"]["Labels"].items()}
    assert labels["title"] == appliance and labels["licenses"] == expected["licenses"] and labels["description"], labels
    assert labels["created"] == config["created"] and labels["version"]


def test_each_way_to_load_it(image, appliance, tmp_path):
    """As an OCI layout in a tar, and as `docker load` before Docker 25 reads it: the same layer of the same name."""
    layers = set()
    for transport in ("oci-archive", "docker-archive"):
        copy = tmp_path / transport
        run("skopeo", "copy", "--insecure-policy", f"{transport}:{image}", f"dir:{copy}")
        config = json.loads(run("skopeo", "inspect", "--config", f"dir:{copy}"))
        layers.add(tuple(config["rootfs"]["diff_ids"]))
    assert len(layers) == 1, layers
    with tarfile.open(image) as tar:
        index, archive = (json.load(tar.extractfile(name)) for name in ("index.json", "manifest.json"))
    names = {archive[0]["RepoTags"][0], index["manifests"][0]["annotations"]["io.containerd.image.name"]}
    assert len(names) == 1 and names.pop().startswith(f"localhost/{appliance}:")


def test_its_content(built_tree, image, appliance, tmp_path):
    expected = EXPECTED[appliance]
    root = unpack(image, tmp_path) / "rootfs"
    found = {str(path.relative_to(root)): path for path in root.rglob("*")}
    files = {name for name, path in found.items() if path.is_file() or path.is_symlink()}
    assert files == FILES | expected["more"] and set(found) - files == FOLDERS
    assert os.readlink(found["bin/service"]).startswith("/usr/bin/")
    assert found[os.readlink(found["bin/service"]).lstrip("/")].read_bytes() == built_tree.build(expected["service"]).read_bytes()
    for name, path in found.items():
        mode = path.lstat().st_mode & 0o7777
        if path.is_symlink():
            continue
        writable = name in ("run", "run/thimble", "tmp")
        assert mode == (0o1777 if writable else 0o700 if name == "home/service" else
                        0o644 if name in files and "bin/" not in name else 0o755), name
    for name in ("passwd", "group"):
        users = [line.split(":")[0] for line in found[f"etc/{name}"].read_text().splitlines()]
        assert sorted(users) == sorted(expected["users"]), users


def test_nobody_and_no_time_of_this_host(image, tmp_path):
    """In the tar and in its layer: owners are numbers of the manifest, times are the build's one time."""
    with tarfile.open(image) as tar:
        names = tar.getnames()
        assert names == sorted(names)
        manifest = json.load(tar.extractfile("manifest.json"))[0]
        layer = tar.extractfile(manifest["Layers"][0])
        pathlib.Path(tmp_path / "layer").write_bytes(layer.read())
        members = tar.getmembers()
    with tarfile.open(tmp_path / "layer") as tar:
        members += tar.getmembers()
    for member in members:
        owner = 104 if member.name == "home/service" else 0
        assert (member.uid, member.gid, member.uname, member.gname, member.mtime) == (owner, owner, "", "", 1767225600), member.name


def test_any_executable_and_its_name(built_tree, tmp_path):
    """BINARY=: a name that no registry would take is changed into one; nothing is claimed about its licence."""
    binary = tmp_path / "My__Daemon-2"
    binary.write_bytes(built_tree.build("bin/relay").read_bytes())
    binary.chmod(0o755)
    built_tree.make(f"BINARY={binary}", "PORT=8080/tcp", "oci")
    image = built_tree.folder / "out/My__Daemon-2-x86_64.oci.tar"
    with tarfile.open(image) as tar:
        assert json.load(tar.extractfile("manifest.json"))[0]["RepoTags"][0].startswith("localhost/my_daemon-2:")
    config = json.loads(run("skopeo", "inspect", "--config", f"oci-archive:{image}"))
    assert set(config["config"]["ExposedPorts"]) == {"8080/tcp"}
    assert "org.opencontainers.image.licenses" not in config["config"]["Labels"]


def test_settings_are_baked_in(built_tree, tmp_path):
    site = tmp_path / "site.conf"
    site.write_text("relay.upstream = 192.0.2.1:1688\n")
    built_tree.make(f"CONFIG={site}", "oci")
    root = unpack(built_tree.folder / "out/kms-relay-x86_64.oci.tar", tmp_path) / "rootfs"
    built_tree.make("oci")
    assert (root / "etc/thimble/site.conf").read_text() == site.read_text()
