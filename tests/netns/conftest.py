"""Fixtures of the network tests."""

import pytest
from relay import Network


@pytest.fixture(params=["splice", "copy"])
def network(request, keep, tmp_path):
    """The relay's network; each case of the relay runs twice: its bytes go through pipes, and through its memory."""
    return Network(keep, tmp_path, splice=request.param == "splice")


@pytest.fixture
def splicing_network(keep, tmp_path):
    """For cases that are about pipes."""
    return Network(keep, tmp_path)
