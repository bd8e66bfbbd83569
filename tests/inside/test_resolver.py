"""Whatever call of the resolver or of the processes that ask for it fails, names are found, and new settings followed."""

import itertools

import dns
from netns import Namespace
from nth import BIN, Scenario

SERVER = "127.0.0.1"


class ResolverScenario(Scenario):
    program = "resolver"

    def __init__(self, keep):
        self.box = keep(Namespace("box"))
        keep(dns.ScriptedServer(self.box, SERVER, self.answer))
        self.numbers = itertools.count(1)

    @staticmethod
    def answer(question):
        """hostN.example is 192.0.2.N; and there is a service."""
        if question.type == dns.SRV:
            return dns.reply(question, dns.srv(question.name, "host9.example"))
        number = question.name.removeprefix("host").partition(".")[0]
        return dns.reply(question, *[dns.address(question.name, f"192.0.2.{number}")] * (question.type == dns.A))

    def begin(self, run):
        conf = run.folder / "resolv.conf"
        conf.write_text(f"nameserver {SERVER}\n")
        run.say("init", "config", **{"relay.upstream": "srv:_vlmcs._tcp.example"})
        run.start("unshare", "--mount", "sh", "-c",
                  f'mount --bind {conf} /etc/resolv.conf && umount --lazy /run/netns && exec "$0"', BIN / "resolver",
                  namespace=self.box)

    def ready(self, run):
        return run.record("resolver", "upstreams")

    def targets(self, run):
        return run.record("resolver", "upstreams").list("target")

    def job(self, run):
        number = next(self.numbers) % 200 + 10
        run.say("init", "config", **{"relay.upstream": f"srv:_vlmcs._tcp.example,host{number}.example:1688"})
        run.until(lambda: any(f"192.0.2.{number}" in line for line in self.targets(run)), 6, "the name in the setting")
        run.until(lambda: any(line.endswith("192.0.2.9") for line in self.targets(run)), 6, "the service")


def test_a_call_fails(campaign, call):
    campaign(ResolverScenario, call)
