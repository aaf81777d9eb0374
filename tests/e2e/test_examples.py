"""The demo's examples, unchanged, on a real Kubernetes."""

from __future__ import annotations

from pathlib import Path

import pytest
from dra_core.snapshot.json_value import list_at, text_at
from dra_sandbox.demo.expectations import EXPECTATIONS, faults

from tests.e2e.world import World, allocated_devices, eventually

EXAMPLES = Path(__file__).parents[2] / "demo" / "examples"


@pytest.mark.parametrize("name", EXPECTATIONS)
def test_example_shows_what_it_promises_and_leaves_nothing_behind(world: World, name: str) -> None:
    wanted, file = EXPECTATIONS[name], str(EXAMPLES / name / f"{name}.yaml")
    try:
        world.make_namespace(name)
        world.kubectl_until_done("apply", "-f", file)
        world.wait_ready(name, *wanted.pods)
        outputs = {(pod, container): world.printed(name, pod, container) for pod, container in wanted.containers}
        assert faults(wanted, outputs) == ()
        claims = world.claims(name)
        assert claims
        for claim in claims:
            assert allocated_devices(claim)
            assert len(list_at(claim, "status", "reservedFor")) in {1, len(wanted.pods)}
        uids = {text_at(claim, "metadata", "uid") for claim in claims}
        assert uids <= world.prepared()
        assert all(any(uid in file for file in world.cdi_files()) for uid in uids)
    finally:
        world.kubectl_until_done("delete", "-f", file, "--wait=false", "--ignore-not-found")
    eventually("nothing left", lambda: not world.claims(name) and world.nothing_is_prepared())
