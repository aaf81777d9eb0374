"""Classic DRA end to end: a real Kubernetes 1.30, the driver installed in it as users install it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dra_core.snapshot.json_value import JsonObject

from tests.e2e.classic.world import VERSION, ClassicWorld
from tests.e2e.real_cluster import can_be_built, with_driver
from tests.e2e.world import eventually

NAME = "e2e-classic"


@pytest.fixture(scope="package")
def world(request: pytest.FixtureRequest) -> Iterator[ClassicWorld]:
    """The cluster with the driver in it; at the end nothing of either is left."""
    if not can_be_built(VERSION):
        pytest.exit(f"Kubernetes {VERSION} is not built, and there is no Go to build it", returncode=1)
    with with_driver(request.config, NAME, VERSION, ClassicWorld) as made:
        yield made


@pytest.fixture
def unused(world: ClassicWorld) -> Iterator[JsonObject]:
    """The state of a node whose devices nobody has; the test must leave it like that."""
    found: list[JsonObject] = []

    def nobody_has_any() -> bool:
        found[:] = [world.node_spec()]
        return bool(found[0]) and not {"allocatedClaims", "preparedClaims"} & set(found[0])

    eventually("an unused node", nobody_has_any)  # a run of the same test before may not have waited for its end
    (before,) = found
    yield before
    eventually("the state as before", lambda: world.node_spec() == before)
