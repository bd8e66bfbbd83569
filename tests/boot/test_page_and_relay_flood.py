"""Two addresses that take all the places of the relay and of the status page at once keep no honest client out."""

import json

import pytest
from dcerpc import NDR, bind
from flood import KINDS, Flood
from netns import Namespace
from relayed import echo
from rooted import start_rooted
from servers import wait_renewed
from status_page import ask
from waiting import wait_until

HOSTILE = ["192.0.2.201", "192.0.2.202"]
PLACES, PAGE_AT_ONCE = 256, 100  # of the relay here; the page has fewer than that
EXCHANGES = 20
PDU = bind(("51c82175-844e-4750-b0d8-ec255555bc06", 1, [NDR]))  # of an activation
REQUEST = b"GET /log HTTP/1.1\r\nHost: relay\r\n\r\n"


def counts(lan, host):
    status = json.loads(ask(lan, host, "/status.json")[1])
    return status["relay"], status["web"]


@pytest.mark.deadline(400)
@pytest.mark.parametrize("kind", KINDS)
def test_page_and_relay(keep, renewing, boot, tmp_path, kind):
    lan = renewing.lan
    _, root = start_rooted(lan, boot, tmp_path, append=f"thimble.relay.max-connections={PLACES}", guard=True)
    honest = keep(Namespace("honest"))
    lan.attach(honest)
    honest.ip("address", "add", "192.0.2.203/24", "dev", "eth0")
    for address in HOSTILE:
        lan.ip("address", "add", f"{address}/24", "dev", "br0")
    for port, number, words in ((1688, PLACES, PDU), (80, PAGE_AT_ONCE, REQUEST)):
        for address in HOSTILE:
            keep(Flood.of_connections(lan, kind, root.host, port, number, [address], words))

    def is_there():
        relay, web = counts(honest, root.host)
        refused = web["refused"]
        taken = relay["connections_total"] > 4 * PLACES if kind == "storm" else relay["connections_now"] >= PLACES - 1
        return taken and refused["client_full"] + refused["gave_way"] > PAGE_AT_ONCE
    wait_until(is_there, 90, "the flood has both", lambda: str(counts(honest, root.host)))
    for _ in range(EXCHANGES):
        with honest.connect(root.host, 1688, 60) as session:
            echo(session, PDU)
        assert ask(honest, root.host, "/healthz") == (200, "ok\n")
    print(counts(honest, root.host))
    wait_renewed(renewing)
    assert root.restarts(["service", "child.web"]) == {"service": 0, "child.web": 0}
