"""Container images made by hand, byte by byte where need be: what no engine would write, and what each of them does.

    entries --layer()--> tar --Layout.image()--> blobs of a layout --folder(), archive()--> what tools/service reads"""

import gzip
import hashlib
import io
import json
import subprocess
import tarfile

KINDS = {"file": tarfile.REGTYPE, "folder": tarfile.DIRTYPE, "symlink": tarfile.SYMTYPE, "link": tarfile.LNKTYPE,
         "character": tarfile.CHRTYPE, "block": tarfile.BLKTYPE, "fifo": tarfile.FIFOTYPE}
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


def entry(name, data=b"", kind="file", mode=0o644, uid=0, gid=0, target="", pax=None):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size, info.pax_headers = KINDS.get(kind, kind), target, len(data), pax or {}
    info.mode, info.uid, info.gid = mode, uid, gid
    return info, data


def folder(name, mode=0o755, **more):
    return entry(name, kind="folder", mode=mode, **more)


def symlink(name, target):
    return entry(name, kind="symlink", mode=0o777, target=target)


def link(name, target):
    return entry(name, kind="link", target=target)


def layer(*entries, form=tarfile.PAX_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form, errors="surrogateescape") as tar:
        for info, data in entries:
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zstd(data):
    return subprocess.run(["zstd", "-qc"], input=data, capture_output=True, check=True).stdout


PACKERS = {"": lambda data: data, "+gzip": lambda data: gzip.compress(data, mtime=0), "+zstd": zstd}


def digest(data, algorithm="sha256"):
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


class Layout:
    """An OCI image layout in memory: `files` has its bytes by name, `manifests` what its index names."""

    def __init__(self):
        self.files = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}'}
        self.manifests = []

    def blob(self, data, kind, algorithm="sha256", **more):
        """Its descriptor."""
        if not isinstance(data, bytes):
            data = json.dumps(data).encode()
        name = digest(data, algorithm)
        self.files["blobs/" + name.replace(":", "/")] = data
        return {"mediaType": kind, "digest": name, "size": len(data), **more}

    def image(self, *layers, config=None, packed="+gzip", architecture="amd64", algorithm="sha256", **more):
        """Adds the image of LAYERS, the bytes of tar archives. The descriptor of its manifest, with MORE, as the index
        has it."""
        whole = {"architecture": architecture, "os": "linux", "config": config or {},
                 "rootfs": {"type": "layers", "diff_ids": [digest(data, algorithm) for data in layers]}}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": self.blob(whole, CONFIG, algorithm),
                    "layers": [self.blob(PACKERS[packed](data), LAYER + packed, algorithm) for data in layers]}
        self.manifests.append(self.blob(manifest, MANIFEST, algorithm, **more))
        return self.manifests[-1]

    def finished(self):
        """All files, with the index."""
        return {"index.json": json.dumps({"schemaVersion": 2, "manifests": self.manifests}).encode(), **self.files}

    def archive(self, path):
        path.write_bytes(layer(*(entry(name, data) for name, data in self.finished().items()), form=tarfile.GNU_FORMAT))
        return path

    def folder(self, path):
        for name, data in self.finished().items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
        return path


def docker_archive(path, *layers, config=None, architecture="amd64", tag="example:latest"):
    """As `docker save` before Docker 25: a folder for each layer; a layer that is there already is a symbolic link."""
    whole = json.dumps({"architecture": architecture, "os": "linux", "config": config or {},
                        "rootfs": {"type": "layers", "diff_ids": [digest(data) for data in layers]}}).encode()
    name, entries, first = digest(whole)[7:] + ".json", [], {}
    for number, data in enumerate(layers):
        entries.append(folder(f"{number:064}/"))
        place = f"{number:064}/layer.tar"
        entries.append(symlink(place, "../" + first[data]) if data in first else entry(place, data))
        first.setdefault(data, place)
    manifest = [{"Config": name, "RepoTags": [tag],
                 "Layers": [f"{number:064}/layer.tar" for number in range(len(layers))]}]
    path.write_bytes(layer(*entries, entry(name, whole), entry("manifest.json", json.dumps(manifest).encode())))
    return path
