"""Which claims the controller of a modern cluster has to report ready."""

from __future__ import annotations

from dra_core.device_status import readiness
from dra_core.nodestate import MirrorKind, ModernCluster, missing, seeing, seeing_all, waiting_claims
from dra_core.snapshot.json_value import JsonObject, object_at

DRIVER, NOW = "gpu.example.com", "2026-01-01T00:00:00Z"
REPORTING = ModernCluster(driver_name=DRIVER, namespace="driver", reports_readiness=True)
KEY = ("team", "claim")


def claim(driver: str = DRIVER, status: JsonObject | None = None) -> JsonObject:
    result: JsonObject = {
        "request": "gpu",
        "driver": driver,
        "pool": "node-1",
        "device": "gpu-0",
        "bindingConditions": ["Attached"],
        "bindingFailureConditions": ["Broken"],
    }
    return {
        "metadata": {"namespace": "team", "name": "claim", "uid": "u", "resourceVersion": "7"},
        "status": {"allocation": {"devices": {"results": [result]}}, **(status or {})},
    }


def test_a_claim_waits_until_its_conditions_are_reported() -> None:
    waiting = seeing(REPORTING, "ResourceClaim", claim())
    assert waiting_claims(REPORTING, waiting, "ResourceClaim", KEY) == {KEY}
    patch = readiness(DRIVER, waiting.waiting[KEY], NOW)
    assert patch is not None
    done = seeing(waiting, "ResourceClaim", claim(status=object_at(patch["status"])))
    assert done.waiting == {}
    assert waiting_claims(waiting, done, "ResourceClaim", KEY) == frozenset()


def test_a_new_version_of_a_waiting_claim_is_looked_at_again() -> None:
    """The patch is over exactly the version that was read."""
    before = seeing(REPORTING, "ResourceClaim", claim())
    newer: JsonObject = {**claim(), "metadata": {**object_at(claim()["metadata"]), "resourceVersion": "8"}}
    assert waiting_claims(before, seeing(before, "ResourceClaim", newer), "ResourceClaim", KEY) == {KEY}


def test_claims_of_others_and_claims_that_are_gone_do_not_wait() -> None:
    assert seeing(REPORTING, "ResourceClaim", claim("net.example.com")).waiting == {}
    waiting = seeing(REPORTING, "ResourceClaim", claim())
    assert missing(waiting, "ResourceClaim", KEY).waiting == {}
    assert seeing_all(waiting, "ResourceClaim", []).waiting == {}


def test_unless_it_is_the_controllers_part_nobody_waits_for_it() -> None:
    silent = ModernCluster(driver_name=DRIVER, namespace="driver")
    assert seeing(silent, "ResourceClaim", claim()).waiting == {}


def test_what_changes_nothing_answers_the_very_same_cluster() -> None:
    """So that nobody is looked at for the sake of other drivers' claims, whoever waits meanwhile."""
    waiting = seeing(REPORTING, "ResourceClaim", claim())
    others: JsonObject = {**claim("net.example.com"), "metadata": {"namespace": "team", "name": "other", "uid": "v"}}
    assert seeing(waiting, "ResourceClaim", others) is waiting
    assert seeing(waiting, "ResourceClaim", claim()) is waiting
    kinds: tuple[MirrorKind, ...] = ("Node", "NodeAllocationState", "ResourceSlice", "ResourceClaim")
    assert all(missing(waiting, kind, ("", "nobody")) is waiting for kind in kinds)
