"""Whatever the name servers that DHCP names do to the appliance, its host's last address stays in force, until a server gives
another one or says that there is none."""

import json
import time

import pytest
from dns import A, SERVFAIL, ScriptedServer, Zone, address, reply
from relayed import sha256, wait_relayed
from servers import Kea4
from status_page import ask
from tcp import TcpPeer, digest, echo
from waiting import wait_until

NAME = "kms.example"
SERVERS = ["192.0.2.1", "192.0.2.2"]
OTHER = "192.0.2.3"
SLOW_S = 1  # the honest server's, behind the liar's at once
RECORDS = 4000  # of 16 bytes: 64 KB


def zone(text):
    return Zone({(NAME, A): [address(NAME, text, ttl=1)]})


def silent(_):
    return None


def fails(question):
    return reply(question, code=SERVFAIL)


def lies(question):
    return reply(question, bytes(range(64)))


def slow(question):
    time.sleep(SLOW_S)
    return zone(SERVERS[0])(question)


def large(question):
    """By UDP nothing but that it is cut."""
    if question.type != A or not question.tcp:
        return reply(question, truncated=question.type == A)
    return reply(question, *[address(b"\xc0\x0c", OTHER, ttl=1)] * RECORDS)


@pytest.mark.deadline(500)
def test_servers_fail_lie_and_change(keep, lan, boot, tmp_path):
    for text in (SERVERS[1], OTHER):
        lan.ip("address", "add", f"{text}/24", "dev", "br0")
    keep(TcpPeer(lan, echo, SERVERS[0]))
    keep(TcpPeer(lan, digest, OTHER))
    servers = [keep(ScriptedServer(lan, text, zone(SERVERS[0]))) for text in SERVERS]
    keep(Kea4(lan, tmp_path, "192.0.2.0/24", "192.0.2.100 - 192.0.2.120", options={"domain-name-servers": ", ".join(SERVERS)})).start()
    guest = boot(lan, upstream=f"{NAME}:1688")
    four = guest.wait_address(r"192\.0\.2\.\d+")

    def source():
        return json.loads(ask(lan, four, "/status.json")[1])["relay"]["sources"][0]["state"]

    def say(state, *answers):
        """What both servers ANSWER from now on makes the name's STATE."""
        for server, answer in zip(servers, answers):
            server.answer = answer
        wait_until(lambda: source() == state, 90, f"the name is {state}", source)

    good = zone(SERVERS[0])
    wait_relayed(lan, four, 60)
    # The C library takes whichever answer of NOERROR is there first: nonsense leaves things as they are.
    for answers in ((silent, silent), (fails, fails), (lies, lies), (lies, slow)):
        say("stale", *answers)
        wait_relayed(lan, four)
        say("ok", good, good)
    say("stale", silent, silent)
    say("ok", large, large)
    wait_relayed(lan, four, 60, sha256(b"through the relay"))
    say("failed", Zone({}), Zone({}))
    guest.wait_screen(rf"no upstream found: {NAME}")
    say("ok", good, good)
    wait_relayed(lan, four, 60)
