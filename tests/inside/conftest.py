"""A test for each call of a program, and how many runs they had."""

import pytest
from nth import ALL, CALLS, ONE, Campaign


def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.deadline(3600 if ALL else 600))


def pytest_generate_tests(metafunc):
    if "call" in metafunc.fixturenames:
        metafunc.parametrize("call", [call for call in CALLS if not ONE or ONE.startswith(call + ":")])


@pytest.fixture
def campaign(request, keep, tmp_path):
    """campaign(SCENARIO, CALL): all runs in which CALL fails, with a Scenario that SCENARIO(keep) makes."""
    def all_runs(scenario, call):
        runs = Campaign(scenario(keep), tmp_path, call)
        try:
            runs.all_runs()
        finally:
            request.node.user_properties.append(("runs", runs.count))
    return all_runs


def pytest_terminal_summary(terminalreporter):
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    per_file = {}
    for report in reports:
        name = report.nodeid.partition("::")[0].rpartition("/test_")[2].removesuffix(".py")
        per_file[name] = per_file.get(name, 0) + dict(report.user_properties).get("runs", 0)
    terminalreporter.write_line("runs: " + ", ".join(f"{name} {count}" for name, count in sorted(per_file.items())) +
                                f"; {sum(per_file.values())} in all")
