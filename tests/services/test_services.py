"""Every service of the table serves, unmodified, as people use it."""

import pytest
import served
import services


@pytest.mark.deadline(900)
@pytest.mark.parametrize("service", services.ALL, ids=lambda service: service.name)
def test_serves(dual_stack, boot, tmp_path, service):
    served.record(served.serve(service, dual_stack, boot, tmp_path))
