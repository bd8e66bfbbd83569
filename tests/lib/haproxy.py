"""HAProxy as the host that the relay passes connections to."""

from servers import Server

CONFIGURATION = """\
global
    stats socket {folder}/socket
defaults
    mode http
    timeout client 20s
    timeout connect 5s
    timeout server 20s
frontend told
{binds}
    http-request return status 200 content-type text/plain lf-string "%[src] %[src_port] %[dst] %[dst_port]"
"""


class HaProxy(Server):
    """Answers each HTTP request with the addresses that a PROXY protocol header told: "CLIENT PORT SERVER PORT".
    ADDRESSES as "192.0.2.1:7001"; a connection without a good header gets no answer."""

    program = "haproxy"
    ready = "polling mechanism"

    def __init__(self, lan, folder, *addresses, name=None):
        super().__init__(lan, folder, name)
        self.addresses = addresses

    def write_configuration(self):
        binds = "\n".join(f"    bind {address} accept-proxy" for address in self.addresses)
        (self.folder / "haproxy.cfg").write_text(CONFIGURATION.format(folder=self.folder, binds=binds))

    def argv(self):
        return [self.path(), "-V", "-db", "-f", self.folder / "haproxy.cfg"]
