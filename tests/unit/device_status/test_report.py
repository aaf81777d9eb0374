"""What is written into ``status.devices``, and what is left alone there."""

from __future__ import annotations

from collections.abc import Sequence

from dra_core.device_status import DeviceReport, ready, report
from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, object_at
from hypothesis import given
from hypothesis import strategies as st

DRIVER, NOW, LATER = "gpu.example.com", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
WAITS: JsonObject = {"bindingConditions": ["Attached"], "bindingFailureConditions": ["Broken"]}
FOREIGN: JsonObject = {
    "driver": "net.example.com",
    "pool": "node-1",
    "device": "nic-0",
    "conditions": [
        {"type": "Up", "status": "True", "reason": "Up", "message": "", "lastTransitionTime": "2025-01-01T00:00:00Z"}
    ],
}


def result(device: str, driver: str = DRIVER, share: str = "", waits: bool = False) -> JsonObject:
    share_id: JsonObject = {"shareID": share} if share else {}
    return {
        "request": "gpu",
        "driver": driver,
        "pool": "node-1",
        "device": device,
        **share_id,
        **(WAITS if waits else {}),
    }


def claim_of(*results: JsonObject, devices: Sequence[Json] = ()) -> JsonObject:
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": "c", "namespace": "n", "resourceVersion": "7"},
        "spec": {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": DRIVER}}]}},
        "status": {"allocation": {"devices": {"results": list(results)}}, "devices": list(devices)},
    }


def after(claim: JsonObject, patch: JsonObject | None) -> JsonObject:
    assert patch is not None
    return {**claim, "status": {**object_at(claim["status"]), **object_at(patch["status"])}}


def test_all_binding_conditions_of_own_devices_hold_share_by_share() -> None:
    claim = claim_of(
        result("gpu-0", share="a", waits=True), result("gpu-0", share="b", waits=True),
        result("gpu-1"), result("nic-0", "net.example.com", waits=True),
    )  # fmt: skip
    reports = ready(DRIVER, claim)
    assert [(each.device, each.share_id) for each in reports] == [("gpu-0", "a"), ("gpu-0", "b")]
    patch = report(DRIVER, claim, reports, NOW)
    assert at(patch, "metadata", "resourceVersion") == "7"
    assert at(patch, "status", "devices") == [
        {
            "driver": DRIVER,
            "pool": "node-1",
            "device": "gpu-0",
            "shareID": share,
            "conditions": [
                {
                    "type": "Attached",
                    "status": "True",
                    "reason": "Ready",
                    "message": "the device is ready",
                    "lastTransitionTime": NOW,
                }
            ],
        }
        for share in ("a", "b")
    ]


def test_what_others_have_reported_stays() -> None:
    claim = claim_of(result("gpu-0", waits=True), result("nic-0", "net.example.com"), devices=[FOREIGN])
    patch = report(DRIVER, claim, ready(DRIVER, claim), NOW)
    assert patch is not None
    first, second = list_at(patch, "status", "devices")
    assert first == FOREIGN
    assert at(second, "device") == "gpu-0"


def test_a_device_that_is_not_allocated_is_not_reported() -> None:
    other = DeviceReport(pool="node-1", device="gpu-9", conditions={"Attached": ("True", "Ready", "")})
    assert report(DRIVER, claim_of(result("gpu-0")), [other], NOW) is None


def test_a_condition_that_changes_says_since_when() -> None:
    claim = claim_of(result("gpu-0"))
    bad = DeviceReport(pool="node-1", device="gpu-0", conditions={"Attached": ("False", "NotYet", "")})
    good = DeviceReport(pool="node-1", device="gpu-0", conditions={"Attached": ("True", "Ready", "")})
    claim = after(claim, report(DRIVER, claim, [bad], NOW))
    claim = after(claim, report(DRIVER, claim, [good], LATER))
    (entry,) = list_at(claim, "status", "devices")
    (condition,) = list_at(entry, "conditions")
    assert at(condition, "lastTransitionTime") == LATER


@given(st.lists(st.sampled_from(["gpu-0", "gpu-1", "gpu-2"]), unique=True), st.booleans())
def test_saying_it_twice_changes_nothing(names: list[str], foreign: bool) -> None:
    claim = claim_of(*(result(name, waits=True) for name in names), devices=[FOREIGN] if foreign else [])
    reports = ready(DRIVER, claim)
    patch = report(DRIVER, claim, reports, NOW)
    if not names:
        assert patch is None
    else:
        assert report(DRIVER, after(claim, patch), reports, LATER) is None
