"""The guest's users, as the build writes them from src/init/programs.def and the packages."""

from tree import BUILD, HERE

FOLDER = HERE / BUILD / "etc"


def passwd():
    """The lines of /etc/passwd, split."""
    return [line.split(":") for line in (FOLDER / "passwd").read_text().splitlines()]


def uid_of(user):
    """The number of USER in the guest."""
    return next(int(fields[2]) for fields in passwd() if fields[0] == user)


def home_of(user):
    return next(fields[5] for fields in passwd() if fields[0] == user)


def changed(user, uid):
    """A file for an overlay, /etc/passwd, in which USER has the number UID, and root's group: it sees the processes of
    all (hidepid of /proc, proc(5))."""
    lines = passwd()
    for fields in lines:
        if fields[0] == user:
            fields[2:4] = str(uid), "0"
    return 0o644, "".join(":".join(fields) + "\n" for fields in lines).encode()
