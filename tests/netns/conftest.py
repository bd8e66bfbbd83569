"""Fixtures of the network tests."""

import pytest
from relay import Network
from resolver import PROGRAMS, Resolver


@pytest.fixture(params=["splice", "copy"])
def network(request, keep, tmp_path):
    """The relay's network; each case of the relay runs twice: its bytes go through pipes, and through its memory."""
    return Network(keep, tmp_path, splice=request.param == "splice")


@pytest.fixture
def splicing_network(keep, tmp_path):
    """For cases that are about pipes."""
    return Network(keep, tmp_path)


@pytest.fixture(params=sorted(PROGRAMS))
def libc(request):
    """The resolver's program of the tests and that of the image: each lives by its C library's resolver."""
    return request.param


@pytest.fixture
def start(request, keep, network, tmp_path, libc):
    """Starts a resolver; UPSTREAM is the module's when none is given."""
    def start_resolver(upstream=request.module.UPSTREAM, servers=(Network.host,), **options):
        return keep(Resolver(network.box, tmp_path, upstream, servers, libc=libc, **options))
    return start_resolver
