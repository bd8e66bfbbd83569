"""What every service finds in its root, where the root has none of its own."""

import pathlib
import posixpath

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "rootfs/service"

FOLDERS = {"/proc": 0o555, "/sys": 0o555, "/dev": 0o755, "/tmp": 0o1777, "/etc": 0o755, "/run": 0o755}
# init makes these links to the guest's own.
OF_THE_GUEST = "/etc/resolv.conf", "/etc/hosts", "/etc/hostname"
NAMES = "passwd", "group", "services", "nsswitch.conf"

CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
# Where distributions have theirs, as Go's crypto/x509 looks for them.
CERTIFICATES_ELSEWHERE = (
    "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem",
)


def put_folder(tree, path, mode):
    there = tree.resolve(path)
    if not there or tree.get(there).kind != "folder":
        tree.add_folder(path, mode)


def add(tree, note, certificates=True):
    """Completes TREE, with this machine's CERTIFICATES too where it has none; what the user should know goes to NOTE(text). Returns
    environment that belongs to it."""
    for path, mode in FOLDERS.items():
        put_folder(tree, path, mode)
    for path in OF_THE_GUEST:
        tree.add_file(path, b"")
    for name in NAMES:
        if not tree.resolve(f"/etc/{name}"):
            tree.add_file(f"/etc/{name}", (FOLDER / name).read_bytes())
    return add_certificates(tree, note) if certificates else {}


def add_certificates(tree, note):
    if any(tree.resolve(path) for path in (CERTIFICATES, *CERTIFICATES_ELSEWHERE)):
        return {}
    try:
        content = next(pathlib.Path(path).read_bytes() for path in (CERTIFICATES, *CERTIFICATES_ELSEWHERE)
                       if pathlib.Path(path).is_file())
    except (StopIteration, OSError):
        return {}
    tree.add_file(CERTIFICATES, content)
    note(f"{CERTIFICATES}: the root has no CA certificates; took those of this machine, {len(content)} bytes")
    # OpenSSL looks where its distribution has them.
    return {"SSL_CERT_FILE": CERTIFICATES}
