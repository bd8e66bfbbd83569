"""Whatever call of link fails, the addresses of the settings are there, and come back when they are taken away."""

from netns import Namespace, connect_veth
from nth import BIN, Scenario

ADDRESS = "192.0.2.7"


class LinkScenario(Scenario):
    program = "link"

    def __init__(self, keep):
        self.box, other = keep(Namespace("box")), keep(Namespace("other"))
        connect_veth(self.box, "eth0", other, "eth0")

    def begin(self, run):
        run.say("init", "config", ip=f"eth0:{ADDRESS}/24,192.0.2.1", mtu="1400")
        (run.run_dir / "net").mkdir(exist_ok=True)
        run.start(BIN / "link", namespace=self.box)

    def ready(self, run):
        return run.record("link", "state") and self.is_set()

    def is_set(self):
        link = self.box.links()["eth0"]
        return link["mtu"] == 1400 and ADDRESS in self.box.addresses("eth0") and \
            "default via 192.0.2.1" in self.box.ip("-4", "route")

    def job(self, run):
        self.box.ip("address", "flush", "dev", "eth0", "scope", "global")
        run.until(self.is_set, 20, f"{ADDRESS} again")
        run.say("net", "eth0", ifname="eth0", link="up")

    def clean(self, run):
        self.box.ip("address", "flush", "dev", "eth0", "scope", "global")
        self.box.ip("link", "set", "eth0", "mtu", "1500")


def test_a_call_fails(campaign, call):
    campaign(LinkScenario, call)
