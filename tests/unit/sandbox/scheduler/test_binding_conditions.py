"""A pod gets its node when its devices are ready to be bound, or its devices are taken back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dra_core.snapshot.json_value import Json, JsonObject, at
from dra_sandbox.scheduler.binding_conditions import (
    BINDING_TIMEOUT,
    Lost,
    Ready,
    Waiting,
    has_conditions,
    readiness,
    take_back,
)
from dra_sandbox.scheduler.decision import Placement, placement_writes
from dra_sandbox.world.objects import world_of
from dra_sandbox.world.times import stamp
from dra_sandbox.world.writes import Bind, Replace

NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
DEVICE: JsonObject = {"driver": "gpu.example.com", "pool": "n", "device": "gpu-0"}
CONDITIONS: JsonObject = {"bindingConditions": ["Attached"], "bindingFailureConditions": ["Broken"]}
POD: JsonObject = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"namespace": "ns", "name": "p", "uid": "p"},
    "spec": {"resourceClaims": [{"name": "gpu", "resourceClaimName": "gpu"}]},
}


def claim(
    *true: str, users: tuple[str, ...] = ("p",), allocated: datetime = NOW, result: JsonObject = CONDITIONS
) -> JsonObject:
    conditions: list[Json] = [{"type": name, "status": "True"} for name in true]
    reported: list[Json] = [{**DEVICE, "conditions": conditions}] if true else []
    results: list[Json] = [{**DEVICE, **result}]
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"namespace": "ns", "name": "gpu", "uid": "gpu"},
        "status": {
            "allocation": {"devices": {"results": results}, "allocationTimestamp": stamp(allocated)},
            "reservedFor": [{"resource": "pods", "name": user, "uid": user} for user in users],
            "devices": reported,
        },
    }


def test_a_device_without_conditions_is_ready() -> None:
    assert readiness(world_of(claim(result={})), POD, NOW) == Ready()
    assert readiness(world_of(), POD, NOW) == Ready()
    assert readiness(world_of(claim(users=())), POD, NOW) == Ready(), "not reserved yet: to be placed first"


def test_the_pod_waits_for_every_condition_up_to_a_time() -> None:
    found = readiness(world_of(claim()), POD, NOW)
    assert isinstance(found, Waiting)
    assert "gpu.example.com/n/gpu-0: Attached" in found.message
    assert found.until == NOW + BINDING_TIMEOUT
    assert readiness(world_of(claim("Attached")), POD, NOW) == Ready()


def test_a_failure_or_the_end_of_patience_takes_the_devices_back() -> None:
    broken = readiness(world_of(claim("Attached", "Broken")), POD, NOW)
    assert isinstance(broken, Lost)
    (write,) = take_back(POD, broken)
    assert isinstance(write, Replace)
    assert at(write.body, "status", "allocation") is None
    assert at(write.body, "status", "devices") is None
    late = readiness(world_of(claim(allocated=NOW - BINDING_TIMEOUT - timedelta(seconds=1))), POD, NOW)
    assert isinstance(late, Lost)
    assert "in time" in late.message


def test_what_others_use_is_not_taken_back() -> None:
    broken = readiness(world_of(claim("Broken", users=("p", "q"))), POD, NOW)
    assert isinstance(broken, Lost)
    assert take_back(POD, broken) == ()


def test_reports_about_another_share_of_the_device_do_not_count() -> None:
    mine = claim("Attached", result={**CONDITIONS, "shareID": "a"})
    assert isinstance(readiness(world_of(mine), POD, NOW), Waiting)


def test_a_pod_is_bound_at_once_only_if_there_is_nothing_to_wait_for() -> None:
    free: JsonObject = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"namespace": "ns", "name": "gpu", "uid": "gpu"},
    }
    for result, bound in (({**DEVICE, **CONDITIONS}, False), (DEVICE, True)):
        allocation: JsonObject = {"devices": {"results": [result]}}
        assert has_conditions(allocation) is not bound
        writes = placement_writes(world_of(free), POD, Placement("n", {"gpu": allocation}), NOW)
        assert any(isinstance(write, Bind) for write in writes) is bound
