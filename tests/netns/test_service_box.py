"""A service with a root of its own sees its root, its processes and nothing of the guest, and is bounded."""

import pytest
from box import Box


@pytest.fixture
def box(keep, tmp_path):
    def start(code="", **description):
        return keep(Box(tmp_path, code, **description))
    return start


def test_first(box):
    b = box("""
tell(pid=os.getpid(), root=sorted(os.listdir("/")), dev=sorted(os.listdir("/dev")))
time.sleep(1000)
""")
    print(b.told())
    print(b.wait_record(state="running"))
