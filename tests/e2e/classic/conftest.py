"""Classic DRA end to end: a real Kubernetes 1.30, the driver installed in it as users install it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from dra_core.snapshot.json_value import JsonObject
from local_cluster import clusters
from local_cluster.build import go_program, is_built
from local_cluster.cluster import Cluster
from local_cluster.clusters import cache
from local_cluster.command import bring_up, take_down
from local_cluster.driver import build_driver, load_driver
from local_cluster.progress import ClusterError, step
from local_cluster.versions import parts

from tests.e2e.classic.world import VERSION, ClassicWorld
from tests.e2e.traces import traces
from tests.e2e.world import eventually

NAME = "e2e-classic"


@pytest.fixture(scope="package")
def world(request: pytest.FixtureRequest) -> Iterator[ClassicWorld]:
    """The cluster with the driver in it; at the end nothing of either is left."""
    if go_program() is None and not all(is_built(part, cache()) for part in parts(VERSION)):
        pytest.exit(f"Kubernetes {VERSION} is not built, and there is no Go to build it", returncode=1)
    capture = request.config.pluginmanager.getplugin("capturemanager")
    assert capture is not None
    with capture.global_and_fixture_disabled():
        print(file=sys.stderr)
        try:
            if (left := clusters.read(NAME)) is not None:
                take_down(Cluster(left))
            cluster = bring_up(NAME, VERSION, {})
            archive = build_driver(cache())
        except ClusterError as error:
            pytest.exit(str(error), returncode=1)
    try:
        with capture.global_and_fixture_disabled():
            world = ClassicWorld(cluster, load_driver(cluster, archive))
            with step("installing the driver with helm"):
                world.install()
        yield world
    finally:
        with capture.global_and_fixture_disabled():
            take_down(cluster)
    assert traces(cluster.layout) == []


@pytest.fixture
def unused(world: ClassicWorld) -> Iterator[JsonObject]:
    """The state of a node whose devices nobody has; the test must leave it like that."""
    before = world.node_spec()
    assert not {"allocatedClaims", "preparedClaims"} & set(before)
    yield before
    eventually("the state as before", lambda: world.node_spec() == before)
