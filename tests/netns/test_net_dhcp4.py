"""net tells of a DHCPv4 lease from its begin to its end: address, gateway, times, DNS and other servers."""

import time

from dhcpcd import MAC
from servers import Dnsmasq, Kea4


LEAST_LEASE_S = 20  # dhcpcd takes a shorter lease for one of this length
LEASE_END_S = LEAST_LEASE_S + 15


def monotonic_ms():
    return time.clock_gettime(time.CLOCK_MONOTONIC) * 1000


def test_lease(keep, tmp_path, lan, guest):
    server = keep(Dnsmasq(lan, tmp_path, "dhcp-range=192.0.2.100,192.0.2.150,1h", "domain=corp.example",
                          "dhcp-option=option:dns-server,192.0.2.53,192.0.2.54",
                          "dhcp-option=option:domain-search,corp.example,lab.example",
                          "dhcp-option=option:ntp-server,192.0.2.9", "dhcp-option=7,192.0.2.8",
                          f"dhcp-host={MAC},192.0.2.77,relay7").start())
    begin_ms = monotonic_ms()
    guest.start()
    words = guest.wait_address("192.0.2.77/24", "dhcp")
    end_ms = begin_ms + 3600_000
    assert end_ms - 2000 <= int(words[2]) <= end_ms + 20_000, f"expires {words[2]}, expected {end_ms:.0f}"
    guest.wait(lambda: "gateway.1" in guest.nic() and guest.nic()["dhcp4"] == "bound", "a gateway, dhcp4=bound")
    nic = guest.nic()
    expected = {"ifname": "eth0", "mac": MAC, "mtu": "1500", "driver": "veth", "link": "up",
                "dhcp4": "bound", "dhcp4_server": "192.0.2.1", "dhcp4_lease_s": "3600"}
    assert {key: nic.get(key) for key in expected} == expected
    assert nic.list("gateway") == ["192.0.2.1 dhcp 1002"]
    assert int(nic["dhcp4_renew_ms"]) == int(nic["dhcp4_expires_ms"]) - 1800_000
    guest.wait(lambda: guest.resolv_conf() == "nameserver 192.0.2.53\nnameserver 192.0.2.54\n"
               "search corp.example lab.example\n", "resolv.conf")
    guest.wait(lambda: [words[:3] for words in guest.servers()] == [["192.0.2.53", "dhcp4", "eth0"],
                                                                    ["192.0.2.54", "dhcp4", "eth0"]], "the record")
    assert [words[:3] for words in guest.searches()] == [["corp.example", "dhcp4", "eth0"],
                                                         ["lab.example", "dhcp4", "eth0"]]
    resolver = guest.resolver()
    assert (resolver["host_name"], resolver["ntp.1"], resolver["log_server.1"]) == \
        ("relay7", "192.0.2.9", "192.0.2.8")
    lease = server.lease_of(MAC)
    assert lease.address == "192.0.2.77"


def test_renewal_moves_the_end(keep, tmp_path, lan, guest):
    keep(Kea4(lan, tmp_path, "192.0.2.0/24", "192.0.2.10 - 192.0.2.20", lifetime_s=LEAST_LEASE_S,
              **{"renew-timer": 2, "rebind-timer": 15}).start())
    guest.start()
    first = int(guest.wait_address("192.0.2.", "dhcp")[2])
    guest.wait(lambda: int(guest.address("192.0.2.")[2]) >= first + 1800 and guest.nic()["dhcp4"] == "renew",
               "the address lives on, by a renewal")

    def gap_ms():
        nic = guest.nic()
        return int(nic["dhcp4_expires_ms"]) - int(nic["address.1"].split()[2])
    guest.wait(lambda: abs(gap_ms()) <= 1500, "lease and address end together")


def test_server_gone_until_the_end(keep, tmp_path, lan, guest):
    """Address and DNS go when the lease ends; when another network's server appears, its lease is taken."""
    server = keep(Kea4(lan, tmp_path, "192.0.2.0/24", "192.0.2.10 - 192.0.2.20", lifetime_s=LEAST_LEASE_S,
                       options={"domain-name-servers": "192.0.2.53", "routers": "192.0.2.1"},
                       **{"renew-timer": 10, "rebind-timer": 15}).start())
    guest.start()
    guest.wait_address("192.0.2.", "dhcp")
    guest.wait(lambda: guest.resolv_conf() == "nameserver 192.0.2.53\n", "resolv.conf")
    server.stop()
    guest.wait(lambda: not guest.address("192.0.2."), "the address is gone", LEASE_END_S)
    guest.wait(lambda: guest.resolv_conf() == "" and not guest.servers(), "its DNS server is gone")
    guest.wait(lambda: guest.nic()["dhcp4"] == "expired" and "gateway.1" not in guest.nic(), "dhcp4=expired")
    assert "dhcp4_server" not in guest.nic()
    lan.set_addresses("198.51.100.1/24")
    keep(Kea4(lan, tmp_path, "198.51.100.0/24", "198.51.100.10 - 198.51.100.20", name="kea-other").start())
    guest.wait_address("198.51.100.", "dhcp")


def test_dns_ends_with_the_lease_when_dhcpcd_is_dead(keep, tmp_path, lan, guest):
    keep(Kea4(lan, tmp_path, "192.0.2.0/24", "192.0.2.10 - 192.0.2.20", lifetime_s=LEAST_LEASE_S,
              options={"domain-name-servers": "192.0.2.53", "domain-search": "corp.example"}).start())
    guest.start()
    guest.wait_address("192.0.2.", "dhcp")
    guest.wait(lambda: "192.0.2.53" in guest.resolv_conf(), "resolv.conf")
    guest.kill_dhcpcd()
    assert "192.0.2.53" in guest.resolv_conf(), "gone with dhcpcd, but the lease lives on"
    guest.wait(lambda: guest.resolv_conf() == "" and not guest.servers() and not guest.searches(),
               "DNS is gone with the lease", LEASE_END_S)
    guest.wait(lambda: not guest.address("192.0.2."), "the address is gone", LEASE_END_S)


def test_refused(keep, tmp_path, lan, guest):
    """A NAK: the address goes, another comes."""
    server = keep(Kea4(lan, tmp_path, "192.0.2.0/24", "192.0.2.10 - 192.0.2.10", lifetime_s=60,
                       **{"renew-timer": 3, "rebind-timer": 30, "authoritative": True}).start())
    guest.start()
    guest.wait_address("192.0.2.10/", "dhcp")
    server.stop()
    server.forget_leases()
    server.settings["subnet4"][0].update(subnet="203.0.113.0/24", pools=[{"pool": "203.0.113.5 - 203.0.113.9"}])
    lan.set_addresses("203.0.113.1/24", "192.0.2.1/24")
    server.start()
    guest.wait_address("203.0.113.", "dhcp", deadline_s=60)
    assert not guest.address("192.0.2.")


def test_hostile_options(keep, tmp_path, lan, guest):
    """What is no usable address or too much is left out and counted, and never reaches a file."""
    server = Kea4(lan, tmp_path, "192.0.2.0/24", "192.0.2.10 - 192.0.2.20", options={
        "domain-name-servers": ",".join(["0.0.0.0", "255.255.255.255"] + [f"192.0.2.{n}" for n in range(50, 62)]),
        "domain-search": ",".join(f"d{n}.example" for n in range(12))})
    keep(server.start())
    guest.start()
    guest.wait_address("192.0.2.", "dhcp")
    guest.wait(lambda: len(guest.servers()) == 8 and len(guest.searches()) == 8, "8 servers, 8 domains")
    resolver = guest.resolver()
    assert guest.servers()[0][0] == "192.0.2.50"
    # 2 unusable and 4 too many servers, 4 domains
    assert int(resolver["left_out"]) == 10, resolver
    assert guest.resolv_conf().count("\n") == 9
