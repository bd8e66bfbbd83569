"""SIGHUP makes the relay read its settings again; sessions that are open go on."""

import signal

import pytest
from relay import assert_equal_bytes, assert_reset, read_exactly


def assert_session(client, host, word):
    client.sendall(word)
    assert_equal_bytes(read_exactly(host, len(word)), word, "to the host")
    host.sendall(word)
    assert_equal_bytes(read_exactly(client, len(word)), word, "to the client")


def test_another_upstream(network):
    first, second = network.listen(7001), network.listen(7002)
    relay = network.start_relay(upstream=f"{network.host}:7001")
    old = network.session(first)
    relay.change(upstream=f"{network.host}:7002,{network.host}:7001")
    relay.wait_record(lambda r: r.list("upstream") == [f"{network.host}:7002 unknown", f"{network.host}:7001 up"],
                      "the new list; of 7001 it is known that it is up")
    assert_session(*network.session(second), b"new")
    assert_session(*old, b"old")


def test_another_port(network):
    listener = network.listen(7001)
    relay = network.start_relay(upstream=f"{network.host}:7001", listen="[::]:1688,[::]:1699")
    old, kept = network.session(listener), network.connect(port=1699)
    kept_host = network.keep(listener.accept()[0])
    kept_host.settimeout(20)
    relay.change(upstream=f"{network.host}:7001", listen="[::]:1699,[::]:1700")
    relay.wait_record(lambda r: sorted(r.list("listen")) == ["[::]:1699", "[::]:1700"], "the new ports")
    with pytest.raises(ConnectionRefusedError):
        network.connect(port=1688)
    for port in (1699, 1700):
        client = network.connect(port=port)
        host = network.keep(listener.accept()[0])
        host.settimeout(20)
        assert_session(client, host, b"new")
    assert_session(*old, b"old")
    assert_session(kept, kept_host, b"kept")


def test_other_limits(network):
    listener = network.listen(7001)
    relay = network.start_relay(upstream=f"{network.host}:7001")
    sessions = [network.session(listener) for _ in range(3)]
    relay.wait_connections(3, 3)
    relay.change(upstream=f"{network.host}:7001", max_connections=2, idle_timeout_s=86400)
    relay.wait_record(lambda r: r["connections_max"] == "2", "connections_max=2")
    for session in sessions:  # nobody is thrown out
        assert_session(*session, b"still here")
    network.assert_refused_by_reset("over the new limit")
    relay.change(upstream=f"{network.host}:7001", idle_timeout_s=1)
    relay.wait_connections(0, 3)


def test_settings_that_are_wrong(network):
    """What is of no form is refused by itself, the rest holds."""
    listener = network.listen(7001)
    relay = network.start_relay(upstream=f"{network.host}:7001")
    old = network.session(listener)
    relay.change(upstream=f"{network.host}:7001", max_connections=0)
    relay.wait_record(lambda r: "reading the settings again" in relay.log_text(), "SIGHUP is heard")
    assert relay.record()["connections_max"] == "4096", relay.record()
    assert_session(*old, b"old")
    assert_session(*network.session(listener), b"new")


@pytest.mark.parametrize("bad", [{"allow": "on-link,300.1.1.1/8"}, {"guard": "dcerpc:short"}], ids=["allow", "guard"])
def test_who_may_come_is_wrong(network, bad):
    """What guards and is of no form lets nobody in, until it is right."""
    listener = network.listen(7001)
    relay = network.start_relay(upstream=f"{network.host}:7001")
    old = network.session(listener)
    relay.change(upstream=f"{network.host}:7001", **bad)
    relay.wait_record(lambda r: "none" in (r.get("allow.1"), r["guard"]), "nobody may come")
    try:
        client = network.connect()
        client.sendall(b"no bind")
        assert_reset(client, "a client that may not come")
    except ConnectionResetError:
        pass
    assert_session(*old, b"old")
    relay.change(upstream=f"{network.host}:7001", allow="on-link", guard="off")
    relay.wait_record(lambda r: (r.get("allow.1"), r["guard"]) == ("on-link", "off"), "it is right again")
    assert_session(*network.session(listener), b"new")


def test_while_draining(network):
    relay, client, host = network.busy_relay()
    relay.child.send_signal(signal.SIGTERM)
    relay.wait_record(lambda r: r["state"] == "draining", "state=draining")
    relay.child.send_signal(signal.SIGHUP)
    assert_session(client, host, b"x")
    client.close()
    host.close()
    assert relay.child.wait(20) == 0, relay.log_text()
