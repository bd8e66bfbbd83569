"""A log that reads nothing is started anew, and nobody who writes to it stays blocked."""

import pytest

from misbehave import processes, tell, wait_answers
from users import changed, uid_of


# The service has no capability, so it must be the user whose process it is to stop.
@pytest.mark.deadline(240)
def test_stopped_log(dual_stack, boot_misbehaving):
    guest = boot_misbehaving(dual_stack, files={"/etc/passwd": changed("service", uid_of("log"))})
    host = guest.wait_address(r"192\.0\.2\.\d+")
    wait_answers(dual_stack, host)
    log = next(process for process in processes(dual_stack, host) if process.name == "log")
    assert tell(dual_stack, host, f"stop {log.pid}") == b"ok\n"
    # More than its pipe holds. The service ends with the log, for it is of the same user here.
    assert tell(dual_stack, host, "print 200000", timeout=60) == b"", guest.screen()
    guest.wait_screen(r"Program\s+log running.*, 1 restart\b")
    wait_answers(dual_stack, host)
