"""More changes than the kernel keeps for net (ENOBUFS): in the end the records say what is."""

import signal

import pytest
from dhcpcd import GuestNetwork
from netns import connect_veth, Namespace

CHANGES = 3000


@pytest.fixture
def guest(keep):
    guest = keep(GuestNetwork())
    connect_veth(guest.namespace, "eth0", keep(Namespace("peer")), "eth0")
    guest.start_net()
    return guest


def test_lost_messages(guest):
    batch = guest.folder / "batch"
    batch.write_text("".join(f"address {verb} 203.0.113.{n % 250 + 1}/24 dev eth0\n" for n in range(CHANGES // 2)
                             for verb in ("add", "del")) + "address add 192.0.2.7/24 dev eth0\n"
                     "route add default via 192.0.2.1 dev eth0 metric 5\n")
    guest.net.send_signal(signal.SIGSTOP)
    guest.namespace.ip("-batch", batch)
    assert guest.drops(guest.net) > 0, "no message was lost: the test shows nothing"
    guest.net.send_signal(signal.SIGCONT)
    guest.wait_address("192.0.2.7/24", "static")
    guest.wait(lambda: guest.nic().list("gateway") == ["192.0.2.1 static 5"], "the gateway")
    assert not guest.address("203.0.113.")
    guest.namespace.ip("address", "add", "192.0.2.8/24", "dev", "eth0")
    guest.wait_address("192.0.2.8/24", "static")


def test_too_many_addresses_are_counted(guest):
    for number in range(1, 21):
        guest.namespace.ip("address", "add", f"203.0.113.{number}/24", "dev", "eth0")
    guest.wait(lambda: len(guest.addresses()) == 16 and guest.nic().get("addresses_left_out") == "5",
               "16 addresses, 5 left out: 20 and the link-local one")
    for number in range(3, 21):
        guest.namespace.ip("address", "delete", f"203.0.113.{number}/24", "dev", "eth0")
    guest.wait(lambda: [words[0] for words in guest.addresses()][:2] == ["203.0.113.1/24", "203.0.113.2/24"] and
               "addresses_left_out" not in guest.nic(), "two addresses, none left out")
