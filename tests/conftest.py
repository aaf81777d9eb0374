"""How Hypothesis searches, and what CI does with a test of real processes that fails: docs/decisions/0008."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, settings

IN_CI = "CI" in os.environ

# A loaded machine makes any single case slow; pytest's own time-out catches what hangs. A change is judged by the same
# cases at every run (CI is set); searching for new ones is for a developer's machine and for the nightly run.
settings.register_profile(
    "default",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=IN_CI,
)
settings.register_profile("nightly", settings.get_profile("default"), max_examples=1000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

OF_REAL_PROCESSES = (
    "tests/e2e/",
    "tests/integration/controller/",
    "tests/integration/kubectl/",
    "tests/integration/kubeletplugin/",
    "tests/integration/sandbox/",
    "tests/integration/webhook/",
)
MOST_SECOND_RUNS = 3
"""More tests than that do not fail by luck in one run."""


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Give the tests of real processes a second run, in CI alone."""
    for item in items if IN_CI else ():
        if item.nodeid.startswith(OF_REAL_PROCESSES):
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name each test that ran twice, with its first failure: an engineer has to mend it."""
    for report in terminalreporter.getreports("rerun"):
        terminalreporter.section(f"RAN TWICE: {report.nodeid}", sep="_")
        terminalreporter.write_line(report.longreprtext)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail when too many tests ran twice."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and len(reporter.getreports("rerun")) > MOST_SECOND_RUNS:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
