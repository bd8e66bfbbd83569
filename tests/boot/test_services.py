"""Real daemons, unmodified, serve from a root of their own: those of tests/services that are quick."""

import sys

import pytest
import served
from guest import TREE

sys.path.insert(0, str(TREE / "tests/services"))

import services  # noqa: E402


@pytest.mark.deadline(420)
@pytest.mark.parametrize("service", [row for row in services.ALL if row.quick], ids=lambda service: service.name)
def test_serves(dual_stack, boot, tmp_path, service):
    served.serve(service, dual_stack, boot, tmp_path)
