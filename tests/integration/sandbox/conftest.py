"""The embedded cluster, with the driver in it: one for all tests that leave it as they found it."""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Iterator
from datetime import timedelta

import pytest
from dra_sandbox.cluster import Sandbox, sandbox
from dra_sandbox.demo.installation import install_driver
from dra_sandbox.world.objects import NAMESPACE

from tests.integration.sandbox import workloads
from tests.integration.sandbox.workloads import PATIENCE

os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

_numbers = itertools.count(1)


class _Faults(logging.Handler):
    """Keeps what the cluster's parts report as their own faults."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))


@pytest.fixture(autouse=True)
def no_part_has_a_fault() -> Iterator[None]:
    """A step of a loop that raises is logged and repeated; no test may need that."""
    faults = _Faults()
    logging.getLogger("dra_sandbox").addHandler(faults)
    yield
    logging.getLogger("dra_sandbox").removeHandler(faults)
    assert faults.texts == []


@pytest.fixture(scope="session")
def cluster() -> Iterator[Sandbox]:
    """A cluster of one node, for tests that use a namespace of their own and give all devices back."""
    with sandbox() as made:
        install_driver(made, PATIENCE)
        yield made


@pytest.fixture
def own_cluster() -> Iterator[Sandbox]:
    """A cluster of one node for a test that disturbs it; a plugin that comes back slowly finds its slices."""
    with sandbox(slice_patience=timedelta(seconds=2 * PATIENCE)) as made:
        install_driver(made, PATIENCE)
        yield made


@pytest.fixture
def two_nodes() -> Iterator[Sandbox]:
    """A cluster of two nodes."""
    with sandbox(nodes=2) as made:
        install_driver(made, PATIENCE)
        yield made


@pytest.fixture
def where(cluster: Sandbox) -> Iterator[str]:
    """A namespace of the shared cluster, emptied at the end; that it empties is part of each test."""
    name = f"test-{next(_numbers)}"
    cluster.create([workloads.namespace(name)])
    yield name
    if cluster.world().get(NAMESPACE, "", name) is not None:
        workloads.delete_namespace(cluster, name)
