"""Reads a container image: an OCI layout (a folder, or a tar archive of one), or what `docker save` writes.

    archive --tar.py--> its files, a Tree --index, manifest--> configuration --> Config
                                                          +--> layers --layers.py--> Tree of the image

Nothing in it is trusted, and nothing of it executed. Every blob that is used has the size and the digest by which it is
named."""

import contextlib
import dataclasses
import json
import os
import posixpath
import re
import stat

from . import folder
from .layers import Layers, digest
from .tree import FILE, Refused, Slice, Tree, quoted

MAX_JSON = 4 << 20
MAX_LAYERS = 500
MAX_MANIFESTS = 1000
MAX_NESTING = 8
MAX_PORTS = 2 * 65535
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}     # Go's names of them
FIRST_VARIANTS = ("", "v1", "v8")       # what each machine of an architecture has
INDEXES = {"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"}
MANIFESTS = {"application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"}
CONFIGS = {"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"}
DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
PORT = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/(tcp|udp|sctp))?")
JSON_NAMES = {dict: "an object", list: "a list", str: "text", int: "a whole number"}
REFERENCES = ("io.containerd.image.name", "org.opencontainers.image.ref.name")


@dataclasses.dataclass
class Health:
    """TEST is what to execute, with its arguments."""

    test: list
    interval_ms: int
    timeout_ms: int
    start_ms: int
    retries: int


@dataclasses.dataclass
class Config:
    """What the image says about how it is run; what it does not say is empty (0, None)."""

    architecture: str       # as Go names it: amd64
    reference: str          # the image's name
    entrypoint: list
    cmd: list
    env: list               # NAME=VALUE
    user: str               # as it stands there: a name or a number, with or without a group
    workdir: str            # absolute
    exposed_ports: list     # 80/tcp
    volumes: list           # absolute paths
    stop_signal: str        # as it stands there
    healthcheck: Health
    labels: dict
    notes: list             # what the user should know of it: text


def read(path, arch):
    """(Tree, Config) of the image at PATH for the architecture ARCH, as the tree names it: x86_64."""
    path = os.fspath(path)
    with _named(quoted(path)):
        image = _Image(path, ARCHITECTURES.get(arch, arch))
        try:
            return image.read()
        except OSError as error:
            where = f": {quoted(error.filename)}" if error.filename else ""
            raise Refused(f"it cannot be unpacked: {error.strerror}{where} (TMPDIR= names another folder)") from None


@contextlib.contextmanager
def _named(what):
    """What is refused in it is refused in the name of WHAT."""
    try:
        yield
    except Refused as error:
        raise Refused(f"{what}: {error}") from None


def parsed(data, what, kind=dict):
    """The JSON in DATA, which must be of KIND."""
    try:
        value = json.loads(data.decode())
    except RecursionError:
        raise Refused(f"{what} is JSON that is nested too deep") from None
    except ValueError as error:
        raise Refused(f"{what} is not JSON: {error}") from None
    return field({what: value}, what, kind, "it")


def field(value, key, kind, what, default=None):
    """VALUE[KEY], of KIND. DEFAULT, or what is empty of its kind, where it is absent or null."""
    found = value.get(key)
    if found is None:
        return kind() if default is None else default
    if not isinstance(found, kind) or isinstance(found, bool):
        raise Refused(f"{key} in {what} is {quoted(found)}: it must be {JSON_NAMES[kind]}")
    if kind is str:
        check_text(found, f"{key} in {what}")
    return found


def texts(value, key, what):
    return [field({key: text}, key, str, what) for text in field(value, key, list, what)]


def check_text(text, what, line=False):
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Refused(f"{what} is {quoted(text)}: it must be UTF-8") from None
    if "\0" in text or line and "\n" in text:
        raise Refused(f"{what} is {quoted(text)}: there can be no {'NUL' if chr(0) in text else 'line break'} in it")


def absolute(path, what):
    check_text(path, what, line=True)
    return "/" + posixpath.normpath("/" + path).lstrip("/")


class _Image:
    def __init__(self, path, architecture):
        self.path, self.architecture = path, architecture
        self.files = None
        self.layers = Layers()
        self.manifests = 0

    def read(self):
        self.files = folder.read(self.path) if os.path.isdir(self.path) else self.archive()
        if self.files.get("/index.json"):
            config, layers, reference, notes = self.oci()
        elif self.files.get("/manifest.json"):
            config, layers, reference, notes = self.docker()
        else:
            raise Refused("it has neither index.json nor manifest.json: give an OCI layout or archive, or what"
                          " `docker save` writes")
        described = parsed_config(config, reference, notes)
        tree = Tree()
        diff_ids = texts(field(config, "rootfs", dict, "the configuration"), "diff_ids", "rootfs of the configuration")
        if len(diff_ids) != len(layers) or len(layers) > MAX_LAYERS:
            raise Refused(f"it has {len(layers)} layers and its configuration {len(diff_ids)}: as many are needed,"
                          f" and at most {MAX_LAYERS}")
        for number, ((name, part), diff_id) in enumerate(zip(layers, diff_ids), 1):
            with _named(f"layer {number} of {len(layers)}, {name}"):
                check_digest(diff_id)
                self.layers.apply(tree, self.layers.unpack(part, diff_id))
        described.notes += self.layers.notes()
        tree.notes = described.notes
        return tree, described

    def archive(self):
        """The files of the archive at the image's path."""
        path = os.path.realpath(self.path)
        try:
            status = os.stat(path)
        except OSError as error:
            raise Refused(f"it cannot be read: {error.strerror}") from None
        if not stat.S_ISREG(status.st_mode):
            raise Refused("it is neither a file nor a folder")
        whole = Slice(path, 0, status.st_size, identity=(status.st_dev, status.st_ino))
        files, outer = Tree(), Layers()
        outer.apply(files, outer.unpack(whole))
        return files

    # The files of a layout, and blobs in it

    def part(self, name, what):
        """The Slice of the file NAME."""
        path = self.files.resolve(name)
        entry = path and self.files.get(path)
        if not entry or entry.kind != FILE:
            raise Refused(f"{what} is not in it: {quoted(name)}")
        return entry.content

    def json(self, part, what, kind=dict):
        if part.size > MAX_JSON:
            raise Refused(f"{what} has {part.size} bytes: {MAX_JSON} are possible")
        with part.open() as file:
            return parsed(b"".join(part.chunks(file)), what, kind)

    def blob(self, descriptor, what):
        """The Slice of the blob that DESCRIPTOR names; it is what it should be."""
        name, size = field(descriptor, "digest", str, what), field(descriptor, "size", int, what, -1)
        check_digest(name)
        part = self.part("/blobs/" + name.replace(":", "/"), f"{what} {name}")
        if part.size != size:
            raise Refused(f"{what} {name} has {part.size} bytes, not the {size} by which it is named")
        check_part(part, name, what)
        return part

    # An OCI layout

    def oci(self):
        """(configuration, [(name, Slice)] of the layers, reference, notes)."""
        found = list(self.leaves(self.json(self.part("/index.json", "the index"), "index.json"), "", 0))
        descriptor, reference, variant = self.choose(found)
        manifest = self.json(self.blob(descriptor, "the manifest"), "the manifest")
        config = self.blob(field(manifest, "config", dict, "the manifest"), "the configuration")
        config = self.json(config, "the configuration")
        self.check_platform(config)
        layers = []
        for layer in field(manifest, "layers", list, "the manifest"):
            layer = field({"a layer": layer}, "a layer", dict, "the manifest")
            kind = field(layer, "mediaType", str, "a layer")
            if "encrypted" in kind:
                raise Refused(f"a layer is of the type {quoted(kind)}: decrypt the image first")
            layers.append((field(layer, "digest", str, "a layer"), self.blob(layer, "the layer")))
        notes = []
        if variant not in FIRST_VARIANTS:
            notes.append(f"the image is made for {self.architecture}/{variant}: not each processor can run it")
        return config, layers, reference, notes

    def leaves(self, index, reference, nesting):
        """(descriptor, platform, reference) of each image that INDEX and those below it name."""
        for descriptor in field(index, "manifests", list, "the index"):
            descriptor = field({"a manifest": descriptor}, "a manifest", dict, "the index")
            self.manifests += 1
            if self.manifests > MAX_MANIFESTS or nesting > MAX_NESTING:
                raise Refused(f"it has more than {MAX_MANIFESTS} manifests, or indexes more than {MAX_NESTING} deep")
            kind = field(descriptor, "mediaType", str, "the index")
            annotations = field(descriptor, "annotations", dict, "the index")
            names = [field(annotations, key, str, "annotations of the index") for key in REFERENCES]
            named = next(filter(None, names), reference)
            if kind in INDEXES:
                nested = self.json(self.blob(descriptor, "the index"), "an index in the index")
                yield from self.leaves(nested, named, nesting + 1)
            elif kind in MANIFESTS and "vnd.docker.reference.type" not in annotations:
                platform = field(descriptor, "platform", dict, "the index") or self.platform(descriptor)
                words = [field(platform, key, str, "the platform") for key in ("os", "architecture", "variant")]
                yield descriptor, words, named

    def platform(self, descriptor):
        """What the configuration of an image says that its descriptor does not; nothing where it is no image."""
        manifest = self.json(self.blob(descriptor, "the manifest"), "a manifest")
        config = field(manifest, "config", dict, "a manifest")
        if field(config, "mediaType", str, "a manifest") not in CONFIGS:
            return {}
        return self.json(self.blob(config, "the configuration"), "a configuration")

    def choose(self, found):
        """(descriptor, reference, variant) of the one image in FOUND for the architecture."""
        images = {}
        for descriptor, (system, architecture, variant), reference in found:
            if system in ("linux", "") and architecture == self.architecture:
                name = field(descriptor, "digest", str, "the index")
                rank = variant not in FIRST_VARIANTS, variant
                images.setdefault(name, (rank, reference or name, (descriptor, reference, variant)))
        if not images:
            there = {"/".join(filter(None, platform)) for _, platform, _ in found} - {"", "unknown/unknown"}
            raise Refused(f"it has no image for linux/{self.architecture}, but for:"
                          f" {quoted(', '.join(sorted(there))) if there else 'nothing'}")
        first = min(rank for rank, _, _ in images.values())
        names, images = zip(*((name, image) for rank, name, image in images.values() if rank == first))
        if len(images) > 1:
            raise Refused(f"it has several images: {quoted(', '.join(names))}; save one alone")
        return images[0]

    def check_platform(self, config):
        system, architecture = (field(config, key, str, "the configuration") for key in ("os", "architecture"))
        if system not in ("linux", "") or architecture != self.architecture:
            raise Refused(f"it is an image for {quoted(f'{system}/{architecture}')}, not for linux/{self.architecture}")

    # What `docker save` writes: manifest.json has a list of images

    def docker(self):
        """As oci()."""
        images = {}
        for image in self.json(self.part("/manifest.json", "the manifest"), "manifest.json", list):
            image = field({"an image": image}, "an image", dict, "manifest.json")
            name = field(image, "Config", str, "manifest.json")
            images.setdefault(name, image)
            if len(images) > MAX_MANIFESTS:
                raise Refused(f"manifest.json has more than {MAX_MANIFESTS} images")
        configs = {}
        for name in images:
            part = self.part(name, "the configuration")
            # Named by its digest, as each program does that writes such an archive.
            bare = posixpath.basename(name).removesuffix(".json")
            if DIGEST.fullmatch(f"sha256:{bare}"):
                check_part(part, f"sha256:{bare}", "the configuration")
            configs[name] = self.json(part, "the configuration")
        if len(configs) > 1:
            configs = {name: each for name, each in configs.items() if each.get("architecture") == self.architecture}
        tags = {name: texts(image, "RepoTags", "manifest.json") for name, image in images.items()}
        if len(configs) != 1:
            raise Refused(f"it has {len(images)} images, {len(configs)} of them for {self.architecture}:"
                          f" {quoted(', '.join(sum(tags.values(), [])))}; save one alone")
        (name, config), = configs.items()
        self.check_platform(config)
        layers = texts(images[name], "Layers", "manifest.json")
        return config, [(quoted(layer), self.part(layer, "the layer")) for layer in layers], "".join(tags[name][:1]), []


def check_digest(name):
    if not DIGEST.fullmatch(name):
        raise Refused(f"{quoted(name)} is no digest that is known: sha256:HEX and sha512:HEX are")


def check_part(part, name, what):
    if digest(part, name.partition(":")[0]) != name:
        raise Refused(f"{what} {name} has another digest: the image is damaged")


# The configuration

def parsed_config(config, reference, notes):
    what = "the configuration"
    run = field(config, "config", dict, what)
    for key in ("User", "StopSignal"):
        check_text(field(run, key, str, what), f"{key} in {what}", line=True)
    labels = field(run, "Labels", dict, what)
    for key in labels:
        check_text(key, f"a label in {what}")
    return Config(
        architecture=field(config, "architecture", str, what),
        reference=reference,
        entrypoint=texts(run, "Entrypoint", what),
        cmd=texts(run, "Cmd", what),
        env=environment(texts(run, "Env", what), notes),
        user=field(run, "User", str, what),
        workdir=absolute(field(run, "WorkingDir", str, what), f"WorkingDir in {what}"),
        exposed_ports=ports(field(run, "ExposedPorts", dict, what), notes),
        volumes=sorted({absolute(path, f"a volume in {what}") for path in field(run, "Volumes", dict, what)}),
        stop_signal=field(run, "StopSignal", str, what),
        healthcheck=health(field(run, "Healthcheck", dict, what), texts(run, "Shell", what)),
        labels={key: field(labels, key, str, f"Labels of {what}") for key in labels},
        notes=notes)


def environment(variables, notes):
    """NAME=VALUE each, the last of a name. A service's description has one line for each."""
    found = {}
    for variable in variables:
        name, equals, _ = variable.partition("=")
        if not name or not equals:
            notes.append(f"the variable {quoted(variable)} is left out: it is not NAME=VALUE")
        elif "\n" in variable:
            notes.append(f"the variable {quoted(name)} is left out: it has a line break")
        else:
            found[name] = variable
    return list(found.values())


def ports(exposed, notes):
    """80/tcp each, in their order."""
    found, count = set(), 0
    for port in exposed:
        match = PORT.fullmatch(port)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last <= 65535:
            raise Refused(f"the port {quoted(port)} in the configuration is none: 80, 80/tcp and 8000-8005/udp are")
        count += last - first + 1
        if count > MAX_PORTS:
            raise Refused(f"the configuration has more than {MAX_PORTS} ports")
        if match[3] == "sctp":
            notes.append(f"the port {quoted(port)} is left out: the guest has no SCTP")
            continue
        found |= {(number, match[3] or "tcp") for number in range(first, last + 1)}
    return [f"{number}/{protocol}" for number, protocol in sorted(found)]


def health(check, shell):
    """Health of Docker's Healthcheck, or None. Its times are nanoseconds; 0 is Docker's default."""
    what = "Healthcheck of the configuration"
    test = texts(check, "Test", what)
    if not test or test == ["NONE"]:
        return None
    how, *words = test
    if how not in ("CMD", "CMD-SHELL") or not words or how == "CMD-SHELL" and len(words) > 1:
        raise Refused(f"Test in {what} is {quoted(test)}: it must begin with CMD, CMD-SHELL or NONE")
    numbers = {}
    for key, default in (("Interval", 30_000), ("Timeout", 30_000), ("StartPeriod", 0), ("Retries", 3)):
        number = field(check, key, int, what)
        if not 0 <= number < 1 << 63:
            raise Refused(f"{key} in {what} is {number}: it must be 0 or more")
        numbers[key] = (number if key == "Retries" else -(-number // 1_000_000)) or default
    if how == "CMD-SHELL":
        words = [*(shell or ["/bin/sh", "-c"]), *words]
    return Health(words, numbers["Interval"], numbers["Timeout"], numbers["StartPeriod"], numbers["Retries"])
