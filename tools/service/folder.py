"""Reads a folder of this host as the root of a service.

Owners: run by an ordinary user, whoever runs it owns what should be root's, so the user's and group's own numbers
become 0. Run as root, the numbers are kept: a root that mmdebstrap made has its own. Numbers from 65536 on, which the
guest does not have, become 65534, nobody.

No symbolic link is followed, but for the folder's own name: where a link leads is for the service to see. A file is
read when the archive is written, and is refused if it is another one by then."""

import os
import stat

from .tree import Refused, Slice, Tree, quoted

NOBODY = 65534
OTHERS = {stat.S_IFCHR: "device", stat.S_IFBLK: "device", stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket"}
# File systems whose files are the kernel's: the service finds the guest's.
KERNELS = {"proc", "sysfs", "devtmpfs", "devpts", "mqueue", "cgroup", "cgroup2", "securityfs", "debugfs", "tracefs",
           "bpf", "configfs", "efivarfs", "pstore", "binfmt_misc", "autofs", "fusectl"}


def read(path):
    """The Tree of the folder PATH. Its notes say what was left out."""
    path = os.fspath(path)
    top = os.path.realpath(path)
    try:
        descriptor = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise Refused(f"the folder {quoted(path)} cannot be read: {error.strerror}") from None
    reader = _Reader(top)
    reader.read(descriptor)
    return reader.finished()


def kernels_devices():
    """Device numbers of the kernel's own file systems that are mounted."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        mounts = [line.split() for line in file]
    return {os.makedev(*map(int, words[2].split(":"))) for words in mounts if words[words.index("-") + 1] in KERNELS}


class _Reader:
    def __init__(self, top):
        self.top, self.tree = top, Tree()
        self.links = {}         # (device, inode) -> path, of files with several names
        self.left_out = []
        self.kernels = kernels_devices()
        self.user = (os.getuid(), os.getgid())

    def owner(self, status):
        numbers = (0 if number == own else number for number, own in zip((status.st_uid, status.st_gid), self.user))
        return [number if number < 65536 else NOBODY for number in numbers]

    def read(self, descriptor):
        """The folder open as DESCRIPTOR, which is closed, and all below it. Each is opened from the one it is in, so
        none can be exchanged for a link meanwhile."""
        status = os.fstat(descriptor)
        self.tree.add_folder("/", status.st_mode, *self.owner(status))
        stack = [(descriptor, "", iter(sorted(os.listdir(descriptor))))]
        try:
            while stack:
                descriptor, path, names = stack[-1]
                name = next(names, None)
                if name is None:
                    os.close(stack.pop()[0])
                    continue
                try:
                    opened = self.add(descriptor, name, f"{path}/{name}")
                    if opened is not None:
                        stack.append((opened, f"{path}/{name}", iter(sorted(os.listdir(opened)))))
                except OSError as error:
                    raise Refused(f"{quoted(f'{self.top}{path}/{name}')} cannot be read: {error.strerror}") from None
        finally:
            for descriptor, _, _ in stack:
                os.close(descriptor)

    def add(self, folder, name, host_path):
        """Takes one file. A folder: its descriptor."""
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        path = os.fsencode(host_path).decode("utf-8", "surrogateescape")
        owner, kind = self.owner(status), stat.S_IFMT(status.st_mode)
        if kind in OTHERS:
            self.left_out.append((OTHERS[kind], path))
        elif kind == stat.S_IFLNK:
            target = os.fsencode(os.readlink(name, dir_fd=folder)).decode("utf-8", "surrogateescape")
            self.tree.add_symlink(path, target, *owner)
        elif kind == stat.S_IFREG:
            self.add_file(folder, name, host_path, path, status, owner)
        else:
            self.tree.add_folder(path, status.st_mode, *owner)
            if status.st_dev in self.kernels:
                self.tree.notes.append(f"{quoted(path)} is a file system of this host's kernel: it is taken as an empty"
                                       " folder")
                return None
            return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        return None

    def add_file(self, folder, name, host_path, path, status, owner):
        identity = status.st_dev, status.st_ino
        if identity in self.links:
            self.tree.add_hard_link(path, self.links[identity])
            return
        if not os.access(name, os.R_OK, dir_fd=folder, effective_ids=True):
            raise Refused(f"the file {quoted(self.top + host_path)} cannot be read: permission denied")
        content = Slice(self.top + host_path, 0, status.st_size, identity=identity)
        self.tree.add_file(path, content, status.st_mode, *owner)
        if status.st_nlink > 1:
            self.links[identity] = path

    def finished(self):
        for kind in sorted({kind for kind, _ in self.left_out}):
            paths = [path for other, path in self.left_out if other == kind]
            self.tree.notes.append(f"left out: {len(paths)} {kind}{'s' * (len(paths) > 1)}, {quoted(paths[0])}"
                                   f"{' and others' * (len(paths) > 1)}")
        return self.tree
