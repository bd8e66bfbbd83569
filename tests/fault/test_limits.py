"""No program of ours may have what none of them needs: locked memory, large files, queues, core files."""

import re

from misbehave import processes, tell, wait_answers

OURS = {"link", "dhcpcd", "net", "log", "console", "web", "clock"}
EXPECTED = {"Max core file size": "0", "Max file size": "1048576", "Max locked memory": "0",
            "Max msgqueue size": "0", "Max pending signals": "64"}


def test_limits_in_the_guest(dual_stack, boot_misbehaving):
    guest = boot_misbehaving(dual_stack)
    host = guest.wait_address(r"192\.0\.2\.\d+")
    wait_answers(dual_stack, host)
    seen = set()
    for process in [process for process in processes(dual_stack, host) if process.name in OURS]:
        text = tell(dual_stack, host, f"cat /proc/{process.pid}/limits").decode()
        if not text:  # it has ended meanwhile, as dhcpcd's reader of raw packets does with a lease
            continue
        seen.add(process.name)
        soft = {name: re.search(rf"^{name} +(\S+)", text, re.M)[1] for name in EXPECTED}
        # dhcpcd's network proxy may write no file at all, by its own choice.
        if process.name == "dhcpcd" and soft["Max file size"] == "0":
            soft["Max file size"] = EXPECTED["Max file size"]
        assert soft == EXPECTED, f"{process}: expected {EXPECTED}, got {soft}"
    assert seen == OURS
