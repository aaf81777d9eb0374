"""Claims from templates, and evictions from tainted devices."""

from __future__ import annotations

from datetime import UTC, datetime

from dra_core.snapshot.json_value import Json, JsonObject, at, object_at
from dra_sandbox.controllers.device_taints import evictions
from dra_sandbox.controllers.generated_claims import claims_of_finished_pods, generate_name, generated_claims
from dra_sandbox.world.objects import with_fields, world_of
from dra_sandbox.world.writes import Create, Delete, Emit, Patch

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
TEMPLATE: JsonObject = {
    "apiVersion": "resource.k8s.io/v1",
    "kind": "ResourceClaimTemplate",
    "metadata": {"name": "one-gpu", "namespace": "default", "uid": "template"},
    "spec": {"metadata": {"labels": {"team": "a"}}, "spec": {"devices": {"requests": [{"name": "gpu"}]}}},
}
POD: JsonObject = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "pod", "namespace": "default", "uid": "pod-uid"},
    "spec": {"nodeName": "node", "resourceClaims": [{"name": "gpu", "resourceClaimTemplateName": "one-gpu"}]},
    "status": {"phase": "Pending"},
}


def test_a_claim_is_made_first_and_recorded_after() -> None:
    (write,) = generated_claims(world_of(POD, TEMPLATE))
    assert isinstance(write, Create)
    metadata = write.body["metadata"]
    assert at(metadata, "generateName") == "pod-gpu-"
    assert at(metadata, "annotations", "resource.kubernetes.io/pod-claim-name") == "gpu"
    assert at(metadata, "labels", "team") == "a"
    assert at(write.body, "spec", "devices", "requests") == [{"name": "gpu"}]
    made = with_fields(write.body, ("metadata",), {"name": "pod-gpu-abcde", "uid": "claim"})
    (record,) = generated_claims(world_of(POD, TEMPLATE, made))
    assert isinstance(record, Patch)
    assert record.patch == {
        "status": {"resourceClaimStatuses": [{"name": "gpu", "resourceClaimName": "pod-gpu-abcde"}]}
    }
    recorded = {**POD, "status": {"phase": "Pending", **object_at(record.patch, "status")}}
    assert generated_claims(world_of(recorded, TEMPLATE, made)) == ()
    finished: JsonObject = {**recorded, "status": {"phase": "Succeeded"}}
    (end,) = claims_of_finished_pods(world_of(finished, TEMPLATE, made))
    assert isinstance(end, Delete)
    assert claims_of_finished_pods(world_of(recorded, TEMPLATE, made)) == ()


def test_a_missing_template_is_told_in_an_event() -> None:
    (write,) = generated_claims(world_of(POD))
    assert isinstance(write, Emit)
    assert "resource claim template 'one-gpu' does not exist" in write.message


def test_long_names_are_shortened_in_proportion() -> None:
    name = generate_name("p" * 100, "c" * 20)
    assert len(name) <= 58
    assert name.startswith("pppp")
    assert name.endswith("c-")
    assert generate_name("pod", "gpu") == "pod-gpu-"


def claim(*tolerations: JsonObject) -> JsonObject:
    result: dict[str, Json] = {"driver": "d", "pool": "p", "device": "gpu-0", "request": "gpu"}
    if tolerations:
        result["tolerations"] = list(tolerations)
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": "claim", "namespace": "default", "uid": "claim"},
        "status": {
            "allocation": {"devices": {"results": [result]}},
            "reservedFor": [{"resource": "pods", "name": "pod", "uid": "pod-uid"}],
        },
    }


def rule(effect: str) -> JsonObject:
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "DeviceTaintRule",
        "metadata": {"name": "rule", "uid": "rule", "generation": 1},
        "spec": {
            "deviceSelector": {"driver": "d"},
            "taint": {"key": "broken", "value": "yes", "effect": effect, "timeAdded": "2026-01-01T11:59:00Z"},
        },
    }


def test_a_no_execute_taint_evicts_and_the_rule_says_so() -> None:
    decided = evictions(world_of(POD, claim(), rule("NoExecute")), NOW)
    kinds = [type(write) for write in decided.writes]
    assert kinds == [Emit, Delete, Patch]


def test_other_effects_evict_nobody() -> None:
    for effect in ("NoSchedule", "None"):
        assert evictions(world_of(POD, claim(), rule(effect)), NOW).writes == ()


def test_tolerations_hold_eviction_off_for_their_seconds_counted_from_the_taint() -> None:
    for_ever: JsonObject = {"key": "broken", "operator": "Exists"}
    assert evictions(world_of(POD, claim(for_ever), rule("NoExecute")), NOW).writes == ()
    for_a_while: JsonObject = {**for_ever, "tolerationSeconds": 300}
    decided = evictions(world_of(POD, claim(for_a_while), rule("NoExecute")), NOW)
    assert decided.writes == ()
    assert decided.again_at == datetime(2026, 1, 1, 12, 4, tzinfo=UTC)
    over: JsonObject = {**for_ever, "tolerationSeconds": 30}
    assert Delete in [type(write) for write in evictions(world_of(POD, claim(over), rule("NoExecute")), NOW).writes]


def test_a_taint_in_the_slice_counts_too() -> None:
    piece: JsonObject = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": "slice", "uid": "slice"},
        "spec": {
            "driver": "d",
            "pool": {"name": "p"},
            "devices": [{"name": "gpu-0", "taints": [{"key": "broken", "effect": "NoExecute"}]}, {"name": "gpu-1"}],
        },
    }
    assert Delete in [type(write) for write in evictions(world_of(POD, claim(), piece), NOW).writes]
