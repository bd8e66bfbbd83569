"""The log goes where the setting says, else where DHCP says, from the moment that they change; names are resolved beside
it, and none of that keeps it from reading."""

import pytest
from dhcpcd import GuestNetwork, MAC
from dns import A, AAAA, ScriptedServer, Zone, address
from log import Log, Rsyslog
from servers import Dnsmasq
from waiting import wait_until

FIRST, SECOND = "192.0.2.1", "192.0.2.2"


def test_setting_changes(keep, log_lan, log_box, tmp_path):
    """UDP, TCP elsewhere, off, DHCP's; each line goes to one of them."""
    udp = keep(Rsyslog(log_lan, tmp_path, "udp", FIRST, name="udp").start())
    tcp = keep(Rsyslog(log_lan, tmp_path, "tcp", SECOND, port=601, name="tcp").start())
    log = keep(Log(log_box, tmp_path, "relay", syslog=udp.url()))
    log.say("relay", "to udp")
    udp.wait_texts("relay", ["to udp"])
    log.set_config(tcp.url())
    log.wait_state("sending", collector=tcp.url(), peer="192.0.2.2:601")
    log.say("relay", "to tcp")
    tcp.wait_texts("relay", ["to tcp"])
    log.set_config("off")
    record = log.wait_state("off", queued="0")
    assert "collector" not in record and "peer" not in record
    log.say("relay", "to nobody yet")
    log.wait_line("relay", "to nobody yet")
    log.set_net(FIRST)
    assert log.record()["state"] == "off"
    log.set_config("")
    log.wait_state("sending", collector=udp.url(), collector_origin="dhcp")
    udp.wait_texts("relay", ["to udp", "to nobody yet"])
    log.set_net()
    log.wait_state("no collector", lost="0")
    assert [message.text for message in tcp.messages("relay")] == ["to tcp"]


def test_setting_wins_over_dhcp(keep, log_lan, log_box, tmp_path):
    of_setting = keep(Rsyslog(log_lan, tmp_path, "udp", FIRST, name="setting").start())
    of_dhcp = keep(Rsyslog(log_lan, tmp_path, "udp", SECOND, name="dhcp").start())
    log = keep(Log(log_box, tmp_path, "relay"))
    log.wait_state("no collector")
    log.say("relay", "boot")
    log.set_net(SECOND)
    of_dhcp.wait_texts("relay", ["boot"])
    log.set_config(of_setting.url())
    log.wait_state("sending", collector=of_setting.url(), collector_origin="setting")
    log.say("relay", "later")
    of_setting.wait_texts("relay", ["later"])
    assert [message.text for message in of_dhcp.messages("relay")] == ["boot"]


def test_second_log_server_of_dhcp(keep, log_lan, log_box, tmp_path):
    """The first has nobody there; one that is no address is passed over."""
    collector = keep(Rsyslog(log_lan, tmp_path, "udp", SECOND).start())
    log = keep(Log(log_box, tmp_path, "relay"))
    log.say("relay", *map(str, range(100)))
    log.set_net("nonsense", FIRST, SECOND)
    collector.wait_texts("relay", list(map(str, range(100))))
    log.wait_state("sending", collector=f"udp://{FIRST}:514", peer=f"{SECOND}:514", lost="0")


def test_lease_names_it(keep, log_lan, tmp_path):
    """The whole way: dnsmasq, dhcpcd, net, log."""
    collector = keep(Rsyslog(log_lan, tmp_path, "udp", FIRST).start())
    guest = keep(GuestNetwork())
    log_lan.attach(guest.namespace, mac=MAC)
    log = keep(Log(guest.namespace, tmp_path, "relay", run_dir=guest.run_dir))
    log.say("relay", "before there is a network")
    log.wait_state("no collector")
    keep(Dnsmasq(log_lan, tmp_path, "dhcp-range=192.0.2.100,192.0.2.150,1h", f"dhcp-option=7,{FIRST}").start())
    guest.start()
    log.wait_state("sending", collector=f"udp://{FIRST}:514", collector_origin="dhcp")
    collector.wait_texts("relay", ["before there is a network"])
    collector.wait_exact(log)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_name_with_several_addresses(keep, log_lan, log_box, tmp_path, libc, transport):
    """Only one of them has a collector."""
    collector = keep(Rsyslog(log_lan, tmp_path, transport, "2001:db8:1::1").start())
    keep(Dnsmasq(log_lan, tmp_path, f"host-record=log.example,{FIRST},2001:db8:1::1", f"host-record=log.example,{SECOND}",
                 "local=/example/").start())
    log = keep(Log(log_box, tmp_path, "relay", syslog="off", libc=libc))
    log.resolv_conf.write_text(f"nameserver {FIRST}\n")
    log.set_config(f"{transport}://log.example")
    log.say("relay", *map(str, range(100)))
    collector.wait_texts("relay", list(map(str, range(100))))
    log.wait_state("sending", collector=f"{transport}://log.example:514", peer="[2001:db8:1::1]:514")
    assert log.children() == []


def test_name_that_is_not_resolved_yet(keep, log_lan, log_box, tmp_path, libc):
    """No such name, then a name server that is silent, then an answer. Meanwhile children's lines are read."""
    collector = keep(Rsyslog(log_lan, tmp_path, "tcp", FIRST).start())
    answers = {"zone": Zone({})}
    server = keep(ScriptedServer(log_lan, FIRST, lambda question: answers["zone"] and answers["zone"](question)))
    log = keep(Log(log_box, tmp_path, "relay", syslog="off", libc=libc))
    log.resolv_conf.write_text(f"nameserver {FIRST}\n")
    log.set_config("tcp://log.example")
    log.wait(lambda record: record["state"] == "waiting" and "its name: " in record["error"], "no such name")
    answers["zone"] = None
    asked = len(server.asked)
    wait_until(lambda: len(server.asked) > asked and log.children(), 30, "it is asked again")
    asking = log.children()
    log.say("relay", "while it is asked 0")
    log.wait_line("relay", "while it is asked 0", deadline_s=10)
    assert asking and log.children() == asking, "the line was read while the name was asked for"
    for number in range(1, 20):
        log.say("relay", f"while it is asked {number}")
    answers["zone"] = Zone({("log.example", A): [address("log.example", FIRST)], ("log.example", AAAA): []})
    collector.wait_texts("relay", [f"while it is asked {number}" for number in range(20)], deadline_s=90)
    assert log.children() == [] and collector.wait_exact(log)["lost"] == "0"


def test_host_that_moves_is_found_again(keep, log_lan, log_box, tmp_path):
    """The name is looked up anew when a connection failed."""
    first = keep(Rsyslog(log_lan, tmp_path, "tcp", FIRST, name="first").start())
    second = keep(Rsyslog(log_lan, tmp_path, "tcp", SECOND, name="second"))
    zone = Zone({("log.example", A): [address("log.example", FIRST)], ("log.example", AAAA): []})
    keep(ScriptedServer(log_lan, FIRST, zone))
    log = keep(Log(log_box, tmp_path, "relay", syslog="off"))
    log.resolv_conf.write_text(f"nameserver {FIRST}\n")
    log.set_config("tcp://log.example")
    log.say("relay", "to the first")
    first.wait_texts("relay", ["to the first"])
    zone.records["log.example", A] = [address("log.example", SECOND)]
    second.start()
    first.kill()
    log.say("relay", "to the second")
    second.wait_texts("relay", ["to the second"])
