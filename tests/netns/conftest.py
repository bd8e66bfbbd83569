"""Fixtures of the network tests, and their order."""

import hashlib

import pytest
from dhcpcd import GuestNetwork, MAC
from netns import Lan, Namespace
from relay import Network
from resolver import PROGRAMS, Resolver


def place(item):
    """An order that is the same each time and puts no file's tests side by side, unless they share what is made once."""
    name = item.module.__name__ if getattr(item.module, "MADE_ONCE", False) else item.nodeid
    return hashlib.sha256(name.encode()).digest()


def pytest_collection_modifyitems(items):
    """xdist gives each worker stretches of the list: without this one would get all of the slowest file. Those that take long
    are spread over the first half, so that none is the last to end."""
    slow = [item for item in items if item.get_closest_marker("deadline")]
    quick = sorted((item for item in items if item not in slow), key=place)
    gap = max(1, len(quick) // (2 * len(slow) + 1))
    items.clear()
    for number, item in enumerate(quick):
        if number % gap == 0 and slow:
            items.append(slow.pop())
        items.append(item)
    items += slow


@pytest.fixture
def lan(request, keep):
    """A segment with our addresses on it, the module's LAN if it has one."""
    return keep(Lan(*getattr(request.module, "LAN", ("192.0.2.1/24", "2001:db8:1::1/64"))))


@pytest.fixture
def guest(keep, lan):
    """dhcpcd, net and link on that segment, not started."""
    guest = keep(GuestNetwork())
    guest.port = lan.attach(guest.namespace, mac=MAC)
    return guest


@pytest.fixture(params=["splice", "copy"])
def network(request, keep, tmp_path):
    """The relay's network; each case of the relay runs twice: its bytes go through pipes, and through its memory."""
    return Network(keep, tmp_path, splice=request.param == "splice")


@pytest.fixture
def splicing_network(keep, tmp_path):
    """For cases that are about pipes."""
    return Network(keep, tmp_path)


@pytest.fixture(params=sorted(PROGRAMS))
def libc(request):
    """The resolver's program of the tests and that of the image: each lives by its C library's resolver."""
    return request.param


@pytest.fixture
def start(request, keep, network, tmp_path, libc):
    """Starts a resolver; UPSTREAM is the module's when none is given."""
    def start_resolver(upstream=request.module.UPSTREAM, servers=(Network.host,), **options):
        return keep(Resolver(network.box, tmp_path, upstream, servers, libc=libc, **options))
    return start_resolver


@pytest.fixture
def log_lan(keep):
    """Where the log's collectors are."""
    return keep(Lan("192.0.2.1/24", "192.0.2.2/24", "2001:db8:1::1/64"))


@pytest.fixture
def log_box(keep, log_lan):
    """Where the log runs."""
    box = keep(Namespace("box"))
    box.port = log_lan.attach(box)
    box.ip("address", "add", "192.0.2.7/24", "dev", "eth0")
    box.ip("address", "add", "2001:db8:1::7/64", "dev", "eth0", "nodad")
    return box


@pytest.fixture
def honest(keep, splicing_network):
    """A client that a flood must not keep out."""
    client = keep(Namespace("honest"))
    splicing_network.lan.attach(client)
    client.ip("address", "add", "192.0.2.50/24", "dev", "eth0")
    return client
