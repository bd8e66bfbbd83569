"""Whatever two addresses, or all addresses of two IPv6 /64s, do to the status page, an honest client is answered each time."""

import ipaddress
import json
import random

import pytest
from console import Records
from flood import KINDS, Flood
from waiting import wait_until
from web import GUEST_PROGRAM, PORT, Web

HOSTILE4 = ["192.0.2.101", "192.0.2.102"]
HOSTILE6 = ["2001:db8:a::/64", "2001:db8:b::/64"]
AT_ONCE, ASKED = 100, 50
ASK = b"GET /log HTTP/1.1\r\nHost: 192.0.2.2\r\n\r\n"


@pytest.fixture
def web(keep, splicing_network, tmp_path):
    network = splicing_network
    for prefix in HOSTILE6:
        network.lan.ip("-6", "route", "add", "local", prefix, "dev", "lo")
        network.box.ip("-6", "route", "add", prefix, "via", network.host6)
    for address in HOSTILE4:
        network.lan.ip("address", "add", f"{address}/24", "dev", "br0")
    records = Records(tmp_path / "page")
    records.well()
    web = keep(Web(tmp_path, records, network.box, GUEST_PROGRAM, status_allow=",".join(["on-link", *HOSTILE6])))
    web.lines([(number, 6, "relay", "x" * 200) for number in range(290)])
    return web


def flood(keep, network, kind, family):
    for client in range(2):
        prefix = ipaddress.ip_network(HOSTILE6[client])
        draw = random.Random(client)
        sources = [HOSTILE4[client]] if family == 4 else [str(prefix[draw.getrandbits(64)]) for _ in range(2000)]
        keep(Flood.of_connections(network.lan, kind, network.relay if family == 4 else network.relay6, PORT, AT_ONCE, sources, ASK))


def refused(web):
    """As the box itself sees it, by loopback."""
    return json.loads(web.get("/status.json"))["web"]["refused"]


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("kind", KINDS)
def test_two_clients_do_their_worst(keep, splicing_network, honest, web, kind, family):
    """Those never hold more than half of the places, so nobody else gives way."""
    flood(keep, splicing_network, kind, family)
    wait_until(lambda: refused(web)["client_full"] + refused(web)["gave_way"] > 3 * AT_ONCE, 60, "the flood is there",
               lambda: str(refused(web)))
    before_kb = web.resident_kb()
    for _ in range(ASKED):
        assert web.get("/healthz", host=splicing_network.relay, source=honest) == "ok\n"
    print(refused(web), f"{web.resident_kb() - before_kb} kB more")
    assert refused(web)["full"] == 0
    assert web.resident_kb() - before_kb < 128
