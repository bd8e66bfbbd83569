"""A guest's state that goes from one QEMU to another, at once or by way of a file."""

from waiting import wait_until

MIGRATED_S = 120  # in emulation, with 64 MB
BYTES_PER_S = 1 << 30
DOWNTIME_MS = 300  # how long neither runs


def incoming(fd):
    """Options of Guest: it begins with the state that comes from FD."""
    return {"pass_fds": [fd], "extra": ["-incoming", f"fd:{fd}"]}


def send(guest, fd):
    """All of GUEST's state goes to FD; then it stands still for ever."""
    guest.qmp.command("migrate-set-parameters", max_bandwidth=BYTES_PER_S, downtime_limit=DOWNTIME_MS)
    guest.qmp.command("getfd", fds=[fd], fdname="state")
    guest.qmp.command("migrate", uri="fd:state")

    def done():
        return guest.qmp.command("query-migrate").get("status") in ("completed", "failed") and guest.qmp.command("query-migrate")
    answer = wait_until(done, MIGRATED_S, "the state has gone", lambda: str(guest.qmp.command("query-migrate")))
    assert answer["status"] == "completed", f"expected a whole state, got {answer}"


def go_on(guest):
    """Once its state has come; a guest that stood still before does so yet."""
    wait_until(lambda: guest.qmp.command("query-status")["status"] != "inmigrate", MIGRATED_S, "the state has come",
               lambda: guest.log.read_text(errors="replace"))
    guest.qmp.command("cont")
