"""The oracle, built once for all workers of a test run."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.oracle.agreement import Oracle, build_oracle

BUILDING = 900  # seconds: with an empty build cache and module cache, on a loaded machine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever asks the oracle may be the one who builds it."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if "oracle_program" in fixtures and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(BUILDING))


@pytest.fixture(scope="session")
def oracle_program(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The program; skips where there is no Go or no module cache to build it from."""
    base = tmp_path_factory.getbasetemp()
    directory = (base if worker_id == "master" else base.parent) / "oracle"
    directory.mkdir(exist_ok=True)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # until it is closed
        program = build_oracle(directory)
    if program is None:
        pytest.skip("Go, or a module that the oracle needs, is not here; recorded answers are compared instead")
    return program


@pytest.fixture(scope="session")
def oracle(oracle_program: Path) -> Iterator[Oracle]:
    """The oracle for questions about allocation."""
    with Oracle(oracle_program) as found:
        yield found


@pytest.fixture(scope="session")
def expression_oracle(oracle_program: Path) -> Iterator[Oracle]:
    """The oracle for questions about expressions."""
    with Oracle(oracle_program, "-expressions") as found:
        yield found
