"""Kea as it is set up in offices: reservations by MAC and by DUID, short leases renewed again and again, every
option that the appliance asks for."""

from dhcpcd import MAC
from servers import Kea4, Kea6, Radvd, interval, prefix


LEASE_S, RENEW_S, RENEWALS = 20, 2, 3


def watch_renewals(guest, address):
    """The address is never away, and its end moves on RENEWALS times."""
    ends = [int(guest.wait_address(address, "dhcp")[2])]

    def look():
        end = int(guest.address(address)[2])
        if end >= ends[-1] + RENEW_S * 900:
            ends.append(end)
        return len(ends) > RENEWALS
    guest.wait(look, f"{RENEWALS} renewals", LEASE_S + 10)
    assert f"lost address {address}" not in guest.net_log.read_text(), guest.logs()


def test_ipv4(keep, tmp_path, lan, guest):
    server = Kea4(lan, tmp_path, "192.0.2.0/24", "192.0.2.10 - 192.0.2.20", lifetime_s=LEASE_S,
                  options={"routers": "192.0.2.1", "domain-name-servers": "192.0.2.53", "domain-name": "corp.example",
                           "domain-search": "corp.example, lab.example", "ntp-servers": "192.0.2.9",
                           "log-servers": "192.0.2.8"}, **{"renew-timer": RENEW_S, "rebind-timer": 15})
    subnet = server.settings["subnet4"][0]
    # 198.51.100.0/24 by 192.0.2.3, the rest by 192.0.2.2
    subnet["option-data"].append({"code": 121, "csv-format": False, "data": "18C63364C0000203" + "00C0000202"})
    subnet["reservations"] = [{"hw-address": "02:00:00:00:01:02", "ip-address": "192.0.2.78"},
                              {"hw-address": MAC, "ip-address": "192.0.2.77", "hostname": "relay7"}]
    keep(server.start())
    guest.start()
    watch_renewals(guest, "192.0.2.77/24")
    routes = sorted(line.split()[:3] for line in guest.routes() if "via" in line)
    assert routes == [["198.51.100.0/24", "via", "192.0.2.3"], ["default", "via", "192.0.2.2"]], routes
    assert guest.resolv_conf() == "nameserver 192.0.2.53\nsearch corp.example lab.example\n"
    resolver = guest.resolver()
    assert (resolver["host_name"], resolver["ntp.1"], resolver["log_server.1"]) == ("relay7", "192.0.2.9", "192.0.2.8")
    guest.wait(lambda: guest.nic()["dhcp4"] == "renew", "dhcp4=renew")
    assert guest.nic()["dhcp4_lease_s"] == str(LEASE_S)


def test_ipv6(keep, tmp_path, lan, guest):
    """The host is known by its DUID-LL. The server is killed and comes back without its leases meanwhile."""
    server = Kea6(lan, tmp_path, "2001:db8:1::/64", "2001:db8:1::100 - 2001:db8:1::1ff", lifetime_s=LEASE_S,
                  options={"dns-servers": "2001:db8:1::53"}, **{"renew-timer": RENEW_S, "rebind-timer": 15})
    server.settings["subnet6"][0]["reservations"] = [{"duid": f"00:03:00:01:{MAC}", "ip-addresses": ["2001:db8:1::77"]}]
    keep(server.start())
    keep(Radvd(lan, tmp_path, "AdvManagedFlag on;", interval(3, 4),
               prefix("2001:db8:1::/64", autonomous=False)).start())
    guest.start()
    guest.wait_address("2001:db8:1::77/128", "dhcp")
    server.kill()
    server.forget_leases()
    server.start()
    watch_renewals(guest, "2001:db8:1::77/128")
    guest.wait(lambda: guest.nic()["dhcp6"] == "renew", "dhcp6=renew")
    # The /128 says nothing about the link; the router's prefix does.
    assert any(line.startswith("2001:db8:1::/64 dev eth0") for line in guest.routes(6)), guest.routes(6)
    lan.run("ping", "-6", "-c1", "-W5", "2001:db8:1::77")
