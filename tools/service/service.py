"""A service: what is in its root, how it is started there, and what the guest reads of it, /etc/thimble/service."""

import collections
import posixpath
import re
import signal
import stat

from . import archive, container, files, program, skeleton
from .tree import Refused

PATH_OF_A_PROGRAM = "/usr/bin:/bin:/sbin"
PATH_OF_A_CONTAINER = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# The user of a service that has none of its own, as rootfs/service/passwd has it.
SERVICE_ID, SERVICE_HOME = 104, "/home/service"
ID_MAX, OVERFLOW_ID = 65535, 65534
# The image's ids as the guest counts them.
FIRST_ID = 65536

KIB, MIB = 1 << 10, 1 << 20
UNITS = {"K": KIB, "M": MIB, "G": 1 << 30}
ROOT_BYTES, PLACE_BYTES, VOLUME_BYTES = 16 * MIB, 16 * MIB, 64 * MIB
PLACE_LEAST_BYTES, PLACE_MOST_BYTES, PLACES_MAX = 4 * KIB, 1 << 40, 32
SIZE_FORM = "/PATH:SIZE, SIZE a number with K, M or G, as '/var/cache:16M /data:64M'; /:32M is the root"

PORTS_MAX = 16
PORT_FORM = "a port is NUMBER/tcp or NUMBER/udp, the number from 1 to 65535, as 8080/tcp"
ARGUMENTS_MAX_BYTES = 4095
DESCRIPTION_MAX_BYTES, WORDS_MAX, GROUPS_MAX = 64 * KIB, 2048, 64
NAME_MAX = 63
PROCESSES = 512
SCRIPTS_MAX = 4
MS_MAX, RETRIES_MAX = 24 * 3600 * 1000, 1000

# Of the guest's network. What lets a service use ports below 1024 every service has.
CAPABILITIES = "net_admin", "net_raw"
EVERYBODYS = "net_bind_service"

Place = collections.namedtuple("Place", "path size uid gid mode")


class Service:
    """NAME is what people call the machine, PROGRAM the service in it, when that is another; the other fields are the keys of the
    description."""

    def __init__(self, name, tree, arch):
        self.name, self.program, self.tree, self.arch, self.defaults = name, None, tree, arch, None
        self.ports, self.users, self.uid, self.gid, self.groups = [], "namespace", 0, 0, []
        self.file, self.command, self.arguments, self.env, self.workdir = None, [], "", {}, "/"
        self.stop_signal, self.places, self.root_bytes, self.capabilities, self.sys = int(signal.SIGTERM), {}, 0, [], False
        self.calls, self.memfd = "", False
        self.health, self.health_command, self.health_times = None, [], {}

    def description(self):
        rows = [
            ("name", self.name), ("service", self.program or self.name), ("ports", " ".join(self.ports)), ("processes_limit", PROCESSES),
            ("root", "/service"), ("users", self.users), ("uid", self.uid), ("gid", self.gid),
            ("groups", " ".join(map(str, self.groups))), ("file", self.file), *numbered("command", self.command),
            *numbered("env", [f"{key}={value}" for key, value in self.env.items()]), ("workdir", self.workdir),
            ("stop_signal", self.stop_signal),
            *numbered("place", [f"{p.path} {p.size} {p.uid} {p.gid} {p.mode:04o}" for _, p in sorted(self.places.items())]),
            ("root_bytes", self.root_bytes), ("capabilities", " ".join(self.capabilities)), ("sys", 1 if self.sys else ""),
            ("calls", self.calls), ("memfd", 1 if self.memfd else ""),
            ("health", self.health or ""), *numbered("health", self.health_command), *self.health_times.items(),
        ]
        # "No groups" is no line; an empty argument or port is one.
        rows = [(key, str(value)) for key, value in rows if value != "" or key == "ports" or "." in key]
        for key, value in rows:
            if re.search("[\0\n]", value):
                raise Refused(f"{key}={value!r}: a line break cannot be passed to a service")
        text = "".join(f"{key}={value}\n" for key, value in rows)
        size = len(text.encode(errors="surrogateescape"))
        words = max(len(self.command), len(self.env), len(self.health_command))
        if size > DESCRIPTION_MAX_BYTES or words > WORDS_MAX:
            raise Refused(f"the command, environment and places are too much: {size} bytes, at most {DESCRIPTION_MAX_BYTES} are "
                          f"allowed, and {words} words, at most {WORDS_MAX}")
        return text

    def settings(self):
        """The settings that the image has as long as nobody says otherwise."""
        if self.defaults is not None:
            return self.defaults
        text = f"service.args = {self.arguments}\n"
        if "80/tcp" in self.ports:
            free = next(port for port in (8080, 8081, 8082, 8083) if f"{port}/tcp" not in self.ports)
            text += f"status-port = {free}\n"
        return text

    def owner(self, uid, gid):
        """The guest's ids for the tree's; ids that the image cannot have are nobody's, as in any user namespace."""
        if self.users == "one":
            return SERVICE_ID, SERVICE_ID
        return tuple(FIRST_ID + (number if 0 <= number <= ID_MAX else OVERFLOW_ID) for number in (uid, gid))

    def writable_bytes(self):
        return self.root_bytes + sum(place.size for place in self.places.values())

    def pack(self, site=None, compression="gzip"):
        """(bytes of the archive, bytes that its files take in the guest)."""
        texts = {"/etc/thimble/service": self.description(), "/etc/thimble/settings.conf": self.settings()}
        if site is not None:
            texts["/etc/thimble/site.conf"] = site
        packed = archive.pack(self.tree.walk("/service"), self.owner, archive.tree_of(texts).walk(), compression)
        return packed, self.tree.unpacked_bytes()


def numbered(key, values):
    return [(f"{key}.{number}", value) for number, value in enumerate(values, 1)]


# --- values, with ORIGIN in front of those that are refused ---------------------------------------------------------------

def ports_of(words, origin):
    for word in words:
        number, _, protocol = word.partition("/")
        if not re.fullmatch("[1-9][0-9]{0,4}", number) or int(number) > 65535 or protocol not in ("tcp", "udp"):
            raise Refused(f"{origin}{word}: {PORT_FORM}")
    twice = next((word for number, word in enumerate(words) if word in words[:number]), None)
    if twice:
        raise Refused(f"{origin}{' '.join(words)}: {twice} stands there twice")
    if len(words) > PORTS_MAX:
        raise Refused(f"{origin}{len(words)} ports, at most {PORTS_MAX} are allowed")
    return list(words)


def calls_of(text, origin):
    words = text.split()
    wrong = next((word for word in words if not re.fullmatch("[a-z0-9_]+", word)), None)
    if wrong or ("wide" in words and len(words) > 1):
        raise Refused(f"{origin}{text}: allowed: wide, or names of system calls, as 'read write close'")
    return " ".join(words)


def image_ports(exposed, origin, note):
    """Of ExposedPorts: as many as screen and page show."""
    if len(exposed) > PORTS_MAX:
        note(f"{origin}{len(exposed)} ports; screen and page show the first {PORTS_MAX}")
    return ports_of(exposed[:PORTS_MAX], origin)


def size_of(text, origin, word, least=PLACE_LEAST_BYTES):
    match = re.fullmatch("([0-9]{1,9})([KMG])", text) or re.fullmatch("(0)()", text)
    size = int(match[1]) * UNITS.get(match[2], 1) if match else -1
    if size > PLACE_MOST_BYTES or size < least:
        allowed = "0 or " if least == 0 else ""
        raise Refused(f"{origin}{word}: {text!r} is no size; allowed: {allowed}4K to {PLACE_MOST_BYTES >> 30}G, as 16M")
    return size


def signal_of(text, origin):
    """The number of SIGTERM, TERM, 15, SIGRTMIN+3."""
    name = text.upper().removeprefix("SIG")
    base, plus, more = name.partition("+")
    number = 0
    if re.fullmatch("[0-9]{1,3}", name):
        number = int(name)
    elif base == "RTMIN" and re.fullmatch("[0-9]{1,2}" if plus else "", more):
        number = 34 + int(more or 0)  # as C libraries count them
    elif f"SIG{name}" in signal.Signals.__members__:
        number = int(signal.Signals[f"SIG{name}"])
    if not 1 <= number <= 64:
        raise Refused(f"{origin}{text}: no signal; allowed: a name as SIGTERM, or a number from 1 to 64")
    return number


def environment_of(words, origin):
    env = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not re.fullmatch(r"[!-<>-~]+", name):
            raise Refused(f"{origin}{word}: expected NAME=VALUE; several, or values with blanks: 'A=1 B=\"two words\"'")
        if re.search("[\0\n]", value):
            raise Refused(f"{origin}{word!r}: a line break cannot be passed to a service")
        env[name] = value
    return env


def arguments_of(text, origin):
    """TEXT as the setting service.args takes it."""
    if "\n" in text:
        raise Refused(f"{origin}{text!r}: a line break cannot be passed to a service")
    if re.search("[\0-\x1f\x7f]", text):
        raise Refused(f"{origin}{text!r}: a control character cannot be passed to a service")
    size = len(text.encode(errors="surrogateescape"))
    if size > ARGUMENTS_MAX_BYTES:
        raise Refused(f"{origin}{size} bytes, at most {ARGUMENTS_MAX_BYTES} are allowed")
    files.split(text, origin)
    return text


def joined(words):
    """WORDS as service.args, or None where these cannot be said so."""
    text = " ".join(quoted(word) for word in words)
    return None if re.search("[\0-\x1f\x7f]", text) or len(text.encode(errors="surrogateescape")) > ARGUMENTS_MAX_BYTES else text


def quoted(word):
    return word if re.fullmatch(r"[\w@%+=:,./-]+", word, re.ASCII) else "'" + word.replace("'", "'\\''") + "'"


def capabilities_of(text, origin):
    words = [word.lower().removeprefix("cap_") for word in text.replace(",", " ").split()]
    for word in words:
        if word not in (*CAPABILITIES, EVERYBODYS):
            raise Refused(f"{origin}{word}: a service cannot have it; allowed: {' and '.join(CAPABILITIES)}. Below its own root it "
                          "has what containers have; ports below 1024 are open to each service")
    return [word for word in CAPABILITIES if word in words]


def name_of(text):
    """TEXT as a name of an appliance."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", text)[:NAME_MAX] or "service"


def name_said(text, origin):
    if name_of(text) != text:
        raise Refused(f"{origin}{text}: allowed: letters, digits, dots, hyphens and _, at most {NAME_MAX}")
    return text


# --- what is in the root --------------------------------------------------------------------------------------------------

NUMBER = "[0-9]{1,10}"


def rows_of(tree, path, columns):
    """The rows of passwd or group; broken ones are passed over."""
    if not tree.resolve(path):
        return []
    rows = [line.split(":") for line in tree.read(path, 4 * MIB).decode("utf-8", "surrogateescape").splitlines()]
    return [row for row in rows if len(row) >= columns and re.fullmatch(NUMBER, row[2])]


class User:
    """Of a container's User: name or number, with or without :group, as Docker resolves it in the root's own files."""

    def __init__(self, tree, text, origin):
        self.home, self.groups = "/", []
        name, colon, group = text.partition(":")
        users = rows_of(tree, "/etc/passwd", 6)
        name = name or "0"
        row = next((row for row in users if name in (row[0], row[2])), None)
        if row is None and not re.fullmatch(NUMBER, name):
            raise Refused(f"{origin}{text}: the root's /etc/passwd has no user {name!r}; allowed: one that it has, or a number")
        self.uid, self.gid = int(row[2] if row else name), 0
        if row:
            self.gid = int(row[3]) if re.fullmatch(NUMBER, row[3]) else 0
            self.home = row[5] if row[5].startswith("/") else "/"
        if colon:
            self.gid = self.group(tree, text, group, origin)
        elif row:
            self.groups = sorted({int(one[2]) for one in rows_of(tree, "/etc/group", 4) if row[0] in one[3].split(",")})
        if len(self.groups) > GROUPS_MAX:
            raise Refused(f"{origin}{text}: is in {len(self.groups)} groups, at most {GROUPS_MAX} are allowed")
        for number in (self.uid, self.gid, *self.groups):
            if number > ID_MAX:
                raise Refused(f"{origin}{text}: {number}: allowed: ids from 0 to {ID_MAX}")

    @staticmethod
    def group(tree, text, group, origin):
        row = next((row for row in rows_of(tree, "/etc/group", 4) if group in (row[0], row[2])), None)
        if row is None and not re.fullmatch(NUMBER, group):
            raise Refused(f"{origin}{text}: the root's /etc/group has no group {group!r}; allowed: one that it has, or a number")
        return int(row[2] if row else group)

    def may(self, entry, bits):
        """Whether the mode of ENTRY grants BITS (4 read, 2 write, 1 execute); root needs one x."""
        if self.uid == 0:
            return bits != 1 or bool(entry.mode & 0o111)
        shift = 6 if entry.uid == self.uid else 3 if entry.gid in (self.gid, *self.groups) else 0
        return entry.mode >> shift & bits == bits


class Root:
    """Executables in a tree, as execvp() finds them for USER."""

    def __init__(self, service, user, origin):
        self.tree, self.arch, self.user, self.origin = service.tree, service.arch, user, origin
        self.folders = service.env["PATH"].split(":")
        self.workdir = service.workdir

    def executable(self, name):
        """The absolute path of NAME, not resolved further: some programs go by it."""
        if not name:
            raise Refused(f"{self.origin}: the command is empty")
        if "/" in name:
            paths = [posixpath.join(self.workdir, name)]
        else:
            paths = [posixpath.join(self.workdir, folder, name) for folder in self.folders]
        paths = [posixpath.normpath("/" + path.lstrip("/")) for path in paths]
        found = [path for path in paths if self.is_file(path)]
        path = next((path for path in found if self.may_run(path)), None)
        if path is None and found:
            raise Refused(f"{self.origin}: {found[0]} may not be executed by user {self.user.uid}; what helps: chmod +x")
        if path is None:
            where = f"in {':'.join(self.folders)}" if "/" not in name else f"at {paths[0]}"
            raise Refused(f"{self.origin}: there is no {name!r} {where} in the service's root")
        self.check(path)
        return path

    def is_file(self, path):
        there = self.tree.resolve(path)
        return bool(there) and self.tree.get(there).kind == "file"

    def may_run(self, path):
        return self.user.may(self.tree.get(self.tree.resolve(path)), 1)

    def check(self, path, scripts=0):
        """Refuses what the kernel would not start."""
        head = self.tree.read(path, 256)
        if head[:2] == b"#!" and scripts < SCRIPTS_MAX:
            self.check_script(path, head, scripts)
            return
        try:
            elf = program.elf_in(self.tree, path, self.arch)
            program.check_executable(elf, self.arch)
        except program.Unfit as unfit:
            raise Refused(f"{self.origin}: {path}: {program.reason(unfit)}") from None
        if elf.interpreter and not self.is_file(posixpath.normpath(elf.interpreter)):
            raise Refused(f"{self.origin}: {path} needs the loader {elf.interpreter!r}, and it is not in the service's root")

    def check_script(self, path, head, scripts):
        words = head[2:].split(b"\n")[0].decode("utf-8", "surrogateescape").split(None, 1)
        interpreter = posixpath.normpath("/" + words[0].lstrip("/")) if words and words[0].startswith("/") else None
        if not interpreter or not self.is_file(interpreter) or not self.may_run(interpreter):
            raise Refused(f"{self.origin}: {path} is a script for {' '.join(words)!r}, and the service's root has no such "
                          "interpreter")
        self.check(interpreter, scripts + 1)
        if posixpath.basename(interpreter) == "env" and re.fullmatch(r"[\w.+][\w.+-]*\s*", "".join(words[1:])):
            self.executable(words[1].strip())


# --- from the options -----------------------------------------------------------------------------------------------------

class Builder:
    """Makes a Service of TREE. OPTIONS has what the user said, None where nothing; origin(NAME) is how the user said it.
    CONFIG is a container's, or None. NOTE(text) is told what the user should know."""

    def __init__(self, tree, arch, options, source, note, config=None, binary=None):
        self.tree, self.options, self.source, self.note = tree, options, source, note
        self.config, self.binary = config, binary
        self.service = Service("", tree, arch)

    def build(self):
        service, said = self.service, self.options
        ownerless = [entry for text in said.file or [] for entry in files.add(self.tree, text, said.origin("file"), self.note)]
        for name in skeleton.OF_THE_GUEST:
            if any(files.entry_at(self.tree, name) is entry for entry in ownerless):
                self.note(f"{name}: the guest keeps this file itself, so the service does not see this one")
        made = skeleton.add(self.tree, self.note, said.certificates)
        self.environment(made)
        self.working_folder()
        user = self.user()
        for entry in ownerless:
            entry.uid, entry.gid = user.uid, user.gid
        self.command(user)
        service.program, service.defaults = said.service, said.settings
        service.name = name_said(said.name, said.origin("name")) if said.name else name_of(self.default_name())
        self.ports()
        self.life(user)
        self.places(user)
        service.sys, service.memfd = bool(said.sys), bool(said.memfd)
        service.calls = calls_of(said.calls or "", said.origin("calls"))
        return service

    def image(self, name):
        return getattr(self.config, name) if self.config else None

    def environment(self, made):
        env = {"PATH": PATH_OF_A_PROGRAM if self.binary else PATH_OF_A_CONTAINER, **made}
        env |= dict(word.split("=", 1) for word in self.image("env") or [])
        for text in self.options.env or []:
            env |= environment_of(files.split(text, self.options.origin("env")), self.options.origin("env"))
        self.service.env = env

    def working_folder(self):
        said, image = self.options.workdir, self.image("workdir")
        if said:
            path = files.absolute(said, self.options.origin("workdir"), said)
        else:
            path = files.absolute("/" + (image or "/").lstrip("/"), f"{self.source}: ", "WorkingDir")
        self.service.workdir = path
        there = self.tree.resolve(path)
        if not there:
            self.tree.add_folder(path)
        elif self.tree.get(there).kind != "folder":
            raise Refused(f"{self.options.origin('workdir')}{path}: is no folder in the service's root")

    def user(self):
        service, said = self.service, self.options
        if said.user:
            user = User(self.tree, said.user, said.origin("user"))
        else:
            image = f"{SERVICE_ID}:{SERVICE_ID}" if self.binary else self.image("user") or "0"
            user = User(self.tree, image, f"{self.source}: User: ")
        service.capabilities = capabilities_of(said.capabilities or "", said.origin("capabilities"))
        if service.capabilities:
            # Over the guest's network there is no power in a user namespace.
            if said.user and user.uid != SERVICE_ID:
                raise Refused(f"{said.origin('user')}{said.user}: with {said.origin('capabilities')}{said.capabilities} a service "
                              f"is user {SERVICE_ID}, and all of its files are that user's")
            service.users, user.uid, user.gid, user.groups = "one", SERVICE_ID, SERVICE_ID, []
        service.uid, service.gid, service.groups = user.uid, user.gid, user.groups
        service.env.setdefault("HOME", SERVICE_HOME if self.binary else user.home)
        return user

    def command(self, user):
        service, said = self.service, self.options
        origin = f"{self.source}: the command"
        if self.binary:
            words, arguments = [self.binary], []
        elif said.command:
            origin = f"{said.origin('command')}{said.command}"
            words, arguments = files.split(said.command, said.origin("command")), []
        else:
            # What service.args replaces is Cmd, but for the program itself.
            words, arguments = list(self.image("entrypoint") or []), list(self.image("cmd") or [])
            if not words:
                words, arguments = arguments[:1], arguments[1:]
        if not words:
            raise Refused(f"{self.source}: it does not say what to start; what helps: {said.origin('command')}'/PATH/OF/PROGRAM "
                          "...'")
        if said.args is not None:
            service.arguments = arguments_of(said.args, said.origin("args"))
        else:
            service.arguments = joined(arguments)
            if service.arguments is None:
                words, service.arguments = words + arguments, ""
        service.command = words
        service.file = Root(service, user, origin).executable(words[0])

    def default_name(self):
        if self.binary:
            return posixpath.splitext(posixpath.basename(self.binary))[0]
        if self.config:
            # registry.example/library/nginx:1.27, nginx@sha256:...; or the file's own name.
            reference = re.split("[:@]", posixpath.basename(self.config.reference))[0]
            return reference or re.sub(r"\.(tar|tgz|oci|docker)(\..*)?$", "", posixpath.basename(self.source.rstrip("/")))
        return posixpath.basename(self.service.command[0])

    def ports(self):
        said = self.options.port
        if said is not None:
            self.service.ports = ports_of(said.split(), self.options.origin("port"))
        else:
            self.service.ports = image_ports(self.image("exposed_ports") or [], f"{self.source}: ExposedPorts: ", self.note)

    def life(self, user):
        service, said = self.service, self.options
        if said.stop_signal:
            service.stop_signal = signal_of(said.stop_signal, said.origin("stop_signal"))
        elif self.image("stop_signal"):
            service.stop_signal = signal_of(self.image("stop_signal"), f"{self.source}: StopSignal: ")
        if said.health:
            self.health(said.health, user)
        elif self.image("healthcheck"):
            self.image_health(self.image("healthcheck"), user)

    def health(self, text, user):
        """HEALTH=."""
        service, origin = self.service, self.options.origin("health")
        kind, _, rest = text.partition(":")
        port, slash, path = rest.partition("/")
        good = re.fullmatch("[1-9][0-9]{0,4}", port) and int(port) <= 65535
        if text == "none":
            return
        if kind == "exec" and rest.strip():
            self.health_exec(files.split(rest, origin), user, f"{origin}{text}")
        elif good and (kind == "tcp" and not slash or kind == "http" and slash and re.fullmatch("[!-~]*", path)):
            service.health = text
        else:
            raise Refused(f"{origin}{text}: allowed: tcp:PORT, http:PORT/PATH, exec:COMMAND or none, as tcp:8080")
        self.times()

    def health_exec(self, words, user, origin):
        self.service.health = "exec"
        self.service.health_command = [Root(self.service, user, origin).executable(words[0]), *words[1:]]

    def image_health(self, check, user):
        try:
            self.health_exec(check.test, user, f"{self.source}: Healthcheck")
        except Refused as refused:
            raise Refused(f"{refused}; what helps: {self.options.origin('health')}none, or tcp:PORT") from None
        self.times(check)

    def times(self, check=container.Health([], 30000, 30000, 0, 3)):
        for key, most in (("interval_ms", MS_MAX), ("timeout_ms", MS_MAX), ("retries", RETRIES_MAX), ("start_ms", MS_MAX)):
            value = getattr(check, key)
            if value > most:
                raise Refused(f"{self.source}: Healthcheck: {key} {value}: allowed: 0 to {most}")
            self.service.health_times[f"health_{key}"] = value

    def places(self, user):
        """Volumes, what a program has, and what the user said of them."""
        service, origin = self.service, self.options.origin("writable")
        if self.binary:
            self.place("/tmp", PLACE_BYTES, (0o1777, 0, 0), "")
            self.place(SERVICE_HOME, PLACE_BYTES, (0o700, user.uid, user.gid), "")
        else:
            service.root_bytes = ROOT_BYTES
        for path in self.image("volumes") or []:
            self.place(files.absolute(path, f"{self.source}: Volumes: ", path), VOLUME_BYTES, None, f"{self.source}: Volumes: ")
        for word in files.split(self.options.writable or "", origin):
            path, colon, size = word.rpartition(":")
            if not colon:
                raise Refused(f"{origin}{word}: expected {SIZE_FORM}")
            path = files.absolute(path, origin, word)
            if path == "/":
                service.root_bytes = size_of(size, origin, word, least=0)
            else:
                self.place(path, size_of(size, origin, word), None, origin, user)
        if len(service.places) > PLACES_MAX:
            raise Refused(f"{origin}: {len(service.places)} writable places, at most {PLACES_MAX} are allowed")

    def place(self, path, size, owner, origin, writer=None):
        """OWNER: mode, uid, gid; None: as the root has it. WRITER is a User who must be able to write there."""
        if not self.tree.resolve(path):
            self.tree.add_folder(path, *(owner or (0o755, *((writer.uid, writer.gid) if writer else (0, 0)))))
        there = self.tree.resolve(path)
        entry = self.tree.get(there)
        if there == "/" or there.split("/")[1] in ("proc", "sys", "dev") or re.search(r"\s", there):
            raise Refused(f"{origin}{path}: cannot be a writable place; allowed: folders without blanks in their names, outside "
                          "/proc, /sys and /dev")
        if entry.kind != "folder":
            raise Refused(f"{origin}{path}: is a {entry.kind} in the service's root, not a folder")
        mode, uid, gid = owner or (entry.mode, entry.uid, entry.gid)
        if writer and not writer.may(entry, 3):
            mode, uid, gid = mode | stat.S_IRWXU, writer.uid, writer.gid
        if self.service.users == "one":
            uid, gid = SERVICE_ID, SERVICE_ID
        self.service.places[there] = Place(there, size, uid, gid, mode)
