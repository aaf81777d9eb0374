"""A real cluster with the driver in it, as users install it; at the end nothing of either is left."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

import pytest
from local_cluster import clusters
from local_cluster.build import go_program, is_built
from local_cluster.cluster import Cluster
from local_cluster.clusters import cache
from local_cluster.command import bring_up, take_down
from local_cluster.driver import build_driver, load_driver
from local_cluster.progress import ClusterError, step
from local_cluster.versions import parts

from tests.e2e.traces import traces
from tests.e2e.world import World

SomeWorld = TypeVar("SomeWorld", bound=World)


def can_be_built(version: str) -> bool:
    """Whether this machine has, or can make, the programs of a Kubernetes."""
    return go_program() is not None or all(is_built(part, cache()) for part in parts(version))


@contextmanager
def with_driver(config: pytest.Config, name: str, version: str, world_of: type[SomeWorld]) -> Iterator[SomeWorld]:
    """The cluster ``name``; its coming and going is shown, for it takes a while. Ends the run if it does not come up.

    Args:
        config: Of the run.
        name: Of the cluster.
        version: Of Kubernetes.
        world_of: How tests see it.
    """
    capture = config.pluginmanager.getplugin("capturemanager")
    assert capture is not None
    with ExitStack() as held:
        with capture.global_and_fixture_disabled():
            print(file=sys.stderr)
            # It would take this run's cluster for a leftover, and this one its.
            with step(f"waiting until no other run has {name}"):
                held.enter_context(clusters.locked(f".tests-{name}"))
            try:
                if (left := clusters.read(name)) is not None:
                    take_down(Cluster(left))  # what an interrupted run has left would be no fresh start
                cluster = bring_up(name, version, {})
            except ClusterError as error:
                pytest.exit(str(error), returncode=1)
        try:
            with capture.global_and_fixture_disabled():
                world = world_of(cluster, _loaded(cluster))
                with step("installing the driver with helm"):
                    world.install()
            yield world
        finally:
            with capture.global_and_fixture_disabled():
                take_down(cluster)
        assert traces(cluster.layout) == []


def _loaded(cluster: Cluster) -> str:
    """The tag of the driver's image, built and on the node; two runs at once would overwrite each other's archive."""
    try:
        with clusters.locked(".tests-image"):
            return load_driver(cluster, build_driver(cache()))
    except ClusterError as error:
        pytest.exit(str(error), returncode=1)
