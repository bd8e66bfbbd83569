"""A little Debian archive on 127.0.0.1: signed indices, a pool, and a web server that can misbehave."""

import email.utils
import hashlib
import http.server
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.parse

SUITE, SECURITY = "trixie", "trixie-security"
PACKAGES, SOURCES = "main/binary-amd64/Packages", "main/source/Sources"
REQUEST_DEADLINE_S = 30


class Key:
    """A signing key that lives as long as the test, with its public half as a keyring file."""

    def __init__(self):
        # Not the test's own folder: the agent's socket needs a short path.
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="key"))
        self.keyring = self.home / "keyring.gpg"
        try:
            self.gpg("--passphrase", "", "--quick-generate-key", "archive@test.invalid", "ed25519", "sign", "never")
            self.keyring.write_bytes(self.gpg("--export").stdout)
        except BaseException:
            self.close()
            raise

    def gpg(self, *words, data=b""):
        command = ["gpg", "--batch", "--quiet", "--homedir", str(self.home), *words]
        return subprocess.run(command, input=data, capture_output=True, check=True)

    def sign(self, text, digest="SHA256"):
        return self.gpg("--clearsign", "--digest-algo", digest, data=text.encode()).stdout

    def close(self):
        subprocess.run(["gpgconf", "--homedir", str(self.home), "--kill", "gpg-agent"], check=False)
        shutil.rmtree(self.home)


class Fault:
    """How the server spoils a file: `cut` ends the body after so many bytes, `body` is other bytes of the
    same file, `status` another status. It does so TIMES times."""

    def __init__(self, cut=None, body=None, status=None, times=1_000_000):
        self.cut, self.body, self.status, self.times = cut, body, status, times


class Archive:
    """Packages go in by add_deb() and add_source(); publish() writes and signs the index. `uri` is what
    apt takes. `requests` lists (path, Range header) as they came, `authorizations` are the values of that header;
    `faults` maps a file's name to a Fault."""

    def __init__(self, folder, key, origin="Debian"):
        self.folder, self.key, self.origin = pathlib.Path(folder), key, origin
        self.stanzas = {(suite, index): [] for suite in (SUITE, SECURITY) for index in (PACKAGES, SOURCES)}
        self.requests, self.authorizations, self.faults = [], set(), {}
        (self.folder / "pool").mkdir(parents=True)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.uri = "http://127.0.0.1:%d/debian" % self.server.server_port

    def put(self, name, content):
        (self.folder / "pool" / name).write_bytes(content)
        return f"{hashlib.sha256(content).hexdigest()} {len(content)} {name}"

    def add_deb(self, package, version, content, suite=SUITE):
        """A binary package. Its file's name has no epoch, as in Debian's pool."""
        name = f"{package}_{version.split(':')[-1]}_all.deb"
        digest, size, _ = self.put(name, content).split()
        self.stanzas[suite, PACKAGES].append(
            f"Package: {package}\nVersion: {version}\nArchitecture: all\nMaintainer: test\nFilename: pool/{name}\n"
            f"Size: {size}\nSHA256: {digest}\nDescription: test\n"
        )
        return name

    def add_source(self, package, version, files, suite=SUITE):
        """A source package of FILES, {name: content}, and its .dsc."""
        listed = [self.put(name, content) for name, content in files.items()]
        listed.append(self.put(f"{package}_{version.split(':')[-1]}.dsc", version.encode()))
        self.stanzas[suite, SOURCES].append(
            f"Package: {package}\nBinary: {package}\nVersion: {version}\nMaintainer: test\nArchitecture: any\n"
            "Format: 3.0 (quilt)\nDirectory: pool\nChecksums-Sha256:\n" + "".join(f" {line}\n" for line in listed)
        )

    def unlist(self, package):
        """All versions of PACKAGE, from the index alone: their files stay."""
        for stanzas in self.stanzas.values():
            stanzas[:] = [stanza for stanza in stanzas if not stanza.startswith(f"Package: {package}\n")]

    def remove(self, package):
        """All versions of PACKAGE, from the index and from the pool."""
        self.unlist(package)
        for path in self.folder.glob(f"pool/{package}_*"):
            path.unlink()

    def publish(self, sign=None, name="InRelease", more=""):
        """Writes the index; SIGN(text) gives the bytes of NAME, by default signed by the archive's key. MORE are its
        further fields."""
        for suite in (SUITE, SECURITY):
            dists, hashes = self.folder / "dists" / suite, ""
            for index in (PACKAGES, SOURCES):
                content = "\n".join(self.stanzas[suite, index]).encode()
                (dists / index).parent.mkdir(parents=True, exist_ok=True)
                (dists / index).write_bytes(content)
                hashes += f" {hashlib.sha256(content).hexdigest()} {len(content)} {index}\n"
            date = email.utils.formatdate(time.time() - 3600, usegmt=True)
            (dists / "InRelease").unlink(missing_ok=True)
            (dists / name).write_bytes((sign or self.key.sign)(
                f"Origin: {self.origin}\nLabel: {self.origin}\nSuite: {suite}\nCodename: {suite}\nDate: {date}\n{more}"
                "Architectures: amd64 all\nComponents: main\nNo-Support-for-Architecture-all: Packages\n"
                f"SHA256:\n{hashes}"
            ))

    def of_pool(self):
        """What was asked for in the pool so far: [(name, Range header or None)]."""
        return [(path.rsplit("/", 1)[1], range_) for path, range_ in self.requests if "/pool/" in path]

    def exhibits(self):
        yield "requests to the archive", "\n".join(f"{path} {range_ or ''}" for path, range_ in self.requests)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(REQUEST_DEADLINE_S)


def handler(archive):
    """A request handler that serves ARCHIVE's folder under /debian, with ranges as apt asks for them."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = REQUEST_DEADLINE_S

        def log_message(self, *_):
            pass

        def do_GET(self):
            # A proxy is asked for the whole URI.
            path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
            range_ = self.headers.get("Range")
            archive.requests.append((path, range_))
            archive.authorizations.add(self.headers.get("Authorization"))
            file = archive.folder / path.removeprefix("/debian/")
            fault = archive.faults.get(file.name, Fault(times=0))
            spoil, fault.times = fault.times > 0, fault.times - 1
            if spoil and fault.status:
                self.send_error(fault.status)
            elif not file.is_file():
                self.send_error(404)
            else:
                self.send_file(file, range_, fault if spoil else Fault())

        def send_file(self, file, range_, fault):
            content = fault.body if fault.body is not None else file.read_bytes()
            changed = email.utils.formatdate(file.stat().st_mtime, usegmt=True)
            start = 0
            if range_ and self.headers.get("If-Range", changed) == changed:
                start = int(range_.removeprefix("bytes=").split("-")[0])
            if start > 0 and start >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                content, start = b"", 0
            elif start > 0:
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            else:
                self.send_response(200)
            self.send_header("Last-Modified", changed)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            self.wfile.write(content[start:fault.cut])
            if fault.cut is not None:
                self.close_connection = True

    return Handler


def without_mirrors(**more):
    """An environment that names no mirror and no proxy."""
    names = ("DEBIAN_MIRROR", "DEBIAN_SECURITY_MIRROR")
    return {key: value for key, value in os.environ.items() if key not in names and not key.lower().endswith("_proxy")} | more


def environment(archive):
    """For tools/sources: ARCHIVE in the place of the host's mirrors."""
    return without_mirrors(DEBIAN_MIRROR=archive.uri, DEBIAN_SECURITY_MIRROR=archive.uri)
