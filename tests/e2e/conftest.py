"""End to end: one real Kubernetes for the session, the driver installed in it as users install it.

The folder classic has a cluster of its own, which comes and goes before this one is needed.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "demo" / "clusters" / "local"))

from local_cluster.versions import DEFAULT

from tests.e2e.real_cluster import can_be_built, with_driver
from tests.e2e.world import World

SECONDS_FOR_A_TEST = 420
"""Without its fixtures: the first one of them builds Kubernetes. Each wait inside a test has a deadline of its own."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs the real cluster."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.real_cluster)
            item.add_marker(pytest.mark.timeout(SECONDS_FOR_A_TEST, func_only=True))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Say at once, and once, that this machine cannot do it."""
    if session.config.option.collectonly or not any(item.get_closest_marker("real_cluster") for item in session.items):
        return
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.exit(
            "the end-to-end tests need Linux and root: they start a real Kubernetes with containers", returncode=1
        )
    if not can_be_built(DEFAULT):
        pytest.exit(
            "the end-to-end tests need Go: they build Kubernetes from source, and it is not built yet", returncode=1
        )


@pytest.fixture(scope="session")
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """The cluster with the driver in it; at the end nothing of either is left."""
    with with_driver(request.config, "e2e", DEFAULT, World) as made:
        yield made


@pytest.fixture
def namespace(world: World) -> Iterator[str]:
    """A namespace for one test; afterwards its pods and claims are gone, so that all devices are free again."""
    name = f"test-{next(_numbers)}"
    world.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"test": "true"}}})
    yield name
    world.empty(name)


_numbers = itertools.count(1)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Beside a failure, what a person would look at next."""
    report = yield
    funcargs = getattr(item, "funcargs", {})
    if call.excinfo is not None and isinstance(world := funcargs.get("world"), World):
        report.sections.append(("the cluster", world.state(str(funcargs.get("namespace", "")))))
    return report
