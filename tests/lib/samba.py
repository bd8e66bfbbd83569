"""Samba's RPC server alone: samba-dcerpcd with the endpoint mapper, without smbd or a domain."""

import pathlib

from servers import START_DEADLINE_S, Server
from waiting import wait_until

CONFIGURATION = """\
[global]
netbios name = HOST
server role = standalone server
rpc start on demand helpers = no
load printers = no
disable spoolss = yes
private dir = {folder}/private
state directory = {folder}/state
lock directory = {folder}/lock
cache directory = {folder}/cache
pid directory = {folder}/pid
ncalrpc dir = {folder}/ncalrpc
log file = {folder}/logs/log.%m
log level = 3
"""


def why_not():
    """Why it cannot run here, or None. Its workers call setgroups(2), which the kernel denies in the user
    namespace of an ordinary user (user_namespaces(7))."""
    denied = pathlib.Path("/proc/self/setgroups").read_text().strip() == "deny"
    return "Samba's workers need setgroups(2): run as root" if denied else None


class SambaRpc(Server):
    """The endpoint mapper on TCP port 135 of LAN. It starts workers on demand."""

    program = "samba-dcerpcd"
    ready = "started."
    libexec = "/usr/libexec/samba"
    port = 135

    def __init__(self, lan, folder, name="rpc"):  # short: paths of its sockets have 107 bytes at most
        super().__init__(lan, folder, name)

    def path(self):
        program = pathlib.Path(self.libexec) / self.program
        assert program.exists(), f"{program} is not installed: make deps"
        return program

    def write_configuration(self):
        for name in ("private", "state", "lock", "cache", "pid", "ncalrpc", "logs"):
            (self.folder / name).mkdir(exist_ok=True)
        (self.folder / "smb.conf").write_text(CONFIGURATION.format(folder=self.folder))

    def argv(self):
        # Workers begin a log in the host's folder before they have read where it belongs.
        own_logs = f"[ ! -d /var/log/samba ] || mount --bind {self.folder}/logs /var/log/samba; exec \"$@\""
        return ["sh", "-c", own_logs, "sh", self.path(), "--foreground", "--debug-stdout",
                f"--configfile={self.folder}/smb.conf", f"--log-basename={self.folder}/logs",
                f"{self.libexec}/rpcd_epmapper"]

    def exhibits(self):
        yield from super().exhibits()
        for log in sorted((self.folder / "logs").glob("log.*")):
            yield f"{self.name}: {log.name}", log.read_bytes()[-8000:].decode("utf-8", "replace")

    def start(self):
        super().start()

        def listens():
            self.lan.connect("127.0.0.1", self.port).close()
            return True

        wait_until(listens, START_DEADLINE_S, f"{self.name} listens", self.log_text)
        return self
