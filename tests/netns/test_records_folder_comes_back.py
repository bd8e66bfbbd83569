"""A folder of records that goes away and comes back, or that another one is mounted over, is followed all the same."""

import pathlib
import re
import shutil
import subprocess
import types

import pytest
from clock import Clock
from console import Console, Records
from log import Log
from relay import Relay
from resolver import Resolver
from waiting import wait_until
from web import Web


def follow_clock(keep, box, tmp_path):
    clock = keep(Clock(box, tmp_path))

    def change(number):
        clock.set_addresses("192.0.2.7/24")
        clock.set_net(f"192.0.2.{number}")
    return clock, "net", change, lambda: clock.asked()[0]


def follow_log(keep, box, tmp_path):
    log = keep(Log(box, tmp_path))
    return log, "net", lambda number: log.set_net(f"192.0.2.{number}"), lambda: log.record().get("peer", "")[:-4]


def follow_resolver(keep, box, tmp_path):
    resolver = keep(Resolver(box, tmp_path, "first.example:1"))
    return (resolver, "init", lambda number: resolver.set_config(f"relay.upstream=h.example:1,x.example:{number}"),
            lambda: resolver.record().get("setting", ""))


def follow_relay(keep, box, tmp_path):
    upstream = "kms.example:1688"
    relay = keep(Relay(box, tmp_path, upstream=upstream))

    def change(number):
        new = relay.run_dir / "resolver/upstreams.new"
        new.write_text(f"setting={upstream}\nsource.1=ok\ntarget.1=1 0 0 1688 h{number} 9 192.0.2.1\nleft_out=0\n")
        new.rename(new.with_suffix(""))
    (relay.run_dir / "resolver").mkdir()
    return relay, "resolver", change, lambda: relay.record().get("upstream.1", "").partition(":")[0]


def with_records(program, records):
    """PROGRAM as the others are: what changes is connections_total."""
    def change(number):
        records.dir = program.run_dir
        records.relay(connections_total=1000 + number)
    program.run_dir = records.dir
    records.well()
    return program, "service", change


def follow_console(keep, _box, tmp_path):
    console = keep(Console(records := Records(tmp_path / "run"), tmp_path))
    return *with_records(console, records), lambda: console.text().partition(" in all")[0]


def follow_web(keep, _box, tmp_path):
    web = keep(Web(tmp_path))
    return *with_records(web, web.records), lambda: re.search(r"^thimble_relay_connections_total (\d+)$", web.get("/metrics"), re.M)[1]


PROGRAMS = [follow_clock, follow_log, follow_resolver, follow_relay, follow_console, follow_web]


@pytest.fixture(params=PROGRAMS, ids=lambda program: program.__name__.partition("_")[2])
def followed(request, keep, log_box, tmp_path):
    program, folder, change, seen = request.param(keep, log_box, tmp_path)

    def must_follow(number):
        change(number)
        wait_until(lambda: seen().endswith(str(number)), 30, f"change {number} is seen", lambda: repr(seen()))
    must_follow(11)
    return types.SimpleNamespace(program=program, folder=program.run_dir / folder, must_follow=must_follow)


@pytest.mark.parametrize("go", [shutil.rmtree, lambda folder: folder.rename(folder.with_name("elsewhere"))],
                         ids=["removed", "renamed"])
def test_goes_away_and_comes_back(followed, go):
    for number in range(12, 18, 2):
        go(followed.folder)
        followed.folder.mkdir()
        followed.must_follow(number)
        followed.must_follow(number + 1)
        shutil.rmtree(followed.folder.with_name("elsewhere"), ignore_errors=True)


def test_mounted_over(followed):
    """In the program's own mount namespace, seen through its root."""
    program, run_dir = followed.program, followed.program.run_dir

    def run(*argv):
        subprocess.run(["nsenter", f"--target={program.child.pid}", "--mount", *argv, followed.folder], check=True)
    run("mount", "-t", "tmpfs", "none")
    program.run_dir = pathlib.Path(f"/proc/{program.child.pid}/root{run_dir.resolve()}")
    followed.must_follow(12)
    followed.must_follow(13)
    run("umount", "--lazy")
    program.run_dir = run_dir
    followed.must_follow(14)
