"""Roots of services: out of packages of this machine's own archive, never installed here; or of one program that is."""

import os
import pathlib
import shutil
import subprocess

import oci
from guest import TREE
from tree import BUILD

from service import program  # of tools/, which guest put into the path

CACHE = TREE / BUILD / "check/services"
# What packages ask for when they are installed, and no daemon when it runs.
INSTALLER = ("adduser", "debconf", "dpkg", "init-system-helpers", "lsb-base", "passwd", "perl-base", "sysvinit-utils", "tar", "usrmerge")
MERGED = "bin", "sbin", "lib", "lib64"
UNWANTED = "usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/lintian", "usr/share/bash-completion"


def fetch(package):
    """The .deb files of PACKAGE and of all that it depends on."""
    folder = CACHE / "debs" / package
    if not (folder / "done").exists():
        (folder / "partial").mkdir(parents=True, exist_ok=True)
        (folder / "nothing").write_text("")
        subprocess.run(["apt-get", "-qq", "-y", "--download-only", "--no-install-recommends", "-o", "Debug::NoLocking=1",
                        "-o", f"Dir::State::status={folder}/nothing", "-o", f"Dir::Cache::archives={folder}", "install", package],
                       check=True)
        (folder / "done").write_text("")
    return sorted(folder.glob("*.deb"))


def root(folder, package):
    """Unpacks PACKAGE and all that it depends on into FOLDER, as a distribution without an installer has them."""
    for name in MERGED:
        (folder / "usr" / name).mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(f"usr/{name}")
    for deb in fetch(package):
        if deb.name.partition("_")[0] not in INSTALLER:
            members = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], check=True, capture_output=True).stdout
            subprocess.run(["tar", "-x", "--keep-directory-symlink", "-C", folder], input=members, check=True)
    for name in UNWANTED:
        shutil.rmtree(folder / name, ignore_errors=True)
    return folder


def file(package, name):
    """File NAME of PACKAGE: this machine's, where it is installed; else unpacked alone, with the libraries that are here."""
    if installed(package):
        return pathlib.Path("/", name)
    folder = CACHE / "unpacked" / package
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        deb, = (path for path in fetch(package) if path.name.startswith(f"{package}_"))
        subprocess.run(["dpkg-deb", "-x", deb, folder], check=True)
    return folder / name


def installed(package):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status}", package], capture_output=True, text=True)
    return done.stdout == "installed"


def command(package, name):
    """argv of a client: NAME of PACKAGE, in a root of its own where it is not installed here."""
    if installed(package):
        return [name]
    folder = CACHE / "clients" / package
    if not folder.exists():
        root(folder, package)
    return ["chroot", folder, name]


def program_layer(path):
    """An image's layer with one program of this machine, its loader and libraries, and nothing else."""
    entries = []
    for name, found in program.read(str(path), "x86_64").walk():
        data = b""
        if found.kind == "file":
            with found.content.open() as file:
                data = b"".join(found.content.chunks(file))
        if name != "/":
            entries.append(oci.entry(name[1:], data, found.kind, found.mode, target=found.target or ""))
    return oci.layer(*entries)


def folder_layer(folder, owners=None):
    """An image's layer of FOLDER; OWNERS {path: (uid, gid)} where that is not root."""
    entries = []
    for where, folders, files in os.walk(folder):
        for name in sorted(folders + files):
            path = os.path.join(where, name)
            inside = os.path.relpath(path, folder)
            uid, gid = (owners or {}).get("/" + inside, (0, 0))
            mode = os.lstat(path).st_mode & 0o7777
            if os.path.islink(path):
                entries.append(oci.symlink(inside, os.readlink(path)))
            elif os.path.isdir(path):
                entries.append(oci.folder(inside, mode, uid=uid, gid=gid))
            else:
                with open(path, "rb") as file:
                    entries.append(oci.entry(inside, file.read(), mode=mode, uid=uid, gid=gid))
    return oci.layer(*entries)
