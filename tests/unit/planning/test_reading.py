"""Reading a cluster: every version comes out as v1, and every fault is told with its place."""

from __future__ import annotations

import msgspec
import pytest
from dra_core.planning import Document, Located, read_cluster
from dra_core.snapshot.json_value import Json, JsonObject
from dra_core.snapshot.resource_claim import ResourceClaim

SLICE_V1: JsonObject = {
    "apiVersion": "resource.k8s.io/v1",
    "kind": "ResourceSlice",
    "metadata": {"name": "slice-1"},
    "spec": {
        "driver": "gpu.example.com",
        "pool": {"name": "node-1", "generation": 1, "resourceSliceCount": 1},
        "nodeName": "node-1",
        "devices": [
            {
                "name": "gpu-0",
                "attributes": {"model": {"string": "A"}},
                "capacity": {"memory": {"value": "80Gi"}},
                "taints": [{"key": "k", "effect": "NoSchedule"}],
            }
        ],
    },
}
SLICE_V1BETA1: JsonObject = {
    **SLICE_V1,
    "apiVersion": "resource.k8s.io/v1beta1",
    "spec": {
        "driver": "gpu.example.com",
        "pool": {"name": "node-1", "generation": 1, "resourceSliceCount": 1},
        "nodeName": "node-1",
        "devices": [
            {
                "name": "gpu-0",
                "basic": {
                    "attributes": {"model": {"string": "A"}},
                    "capacity": {"memory": {"value": "80Gi"}},
                    "taints": [{"key": "k", "effect": "NoSchedule"}],
                },
            }
        ],
    },
}


def document(value: Json | bytes) -> Document:
    return Document("cluster.yaml", 1, value)


def faults_of(*values: Json | bytes) -> tuple[Located, ...]:
    refused: tuple[Located, ...] = read_cluster([document(value) for value in values]).failure()
    return refused


def claim_of(version: str, request: JsonObject) -> JsonObject:
    return {
        "apiVersion": f"resource.k8s.io/{version}",
        "kind": "ResourceClaim",
        "metadata": {"name": "c", "namespace": "team"},
        "spec": {"devices": {"requests": [request]}},
    }


@pytest.mark.parametrize("written", [SLICE_V1, SLICE_V1BETA1, {**SLICE_V1, "apiVersion": "resource.k8s.io/v1beta2"}])
@pytest.mark.parametrize("encode", [lambda value: value, msgspec.json.encode])
def test_a_slice_of_any_version_is_the_same_slice(written: JsonObject, encode: type) -> None:
    snapshot = read_cluster([document(encode(written))]).unwrap().snapshot
    assert snapshot.slices == read_cluster([document(SLICE_V1)]).unwrap().snapshot.slices
    assert snapshot.slices[0].spec.devices[0].capacity["memory"].value == "80Gi"


def test_a_claim_of_v1beta1_says_its_request_flat() -> None:
    flat: JsonObject = {"name": "gpu", "deviceClassName": "gpu.example.com", "count": 2, "allocationMode": "ExactCount"}
    exactly: JsonObject = {"name": "gpu", "exactly": {key: item for key, item in flat.items() if key != "name"}}
    old, new = (
        read_cluster([document(claim_of(version, request))]).unwrap().snapshot.claims
        for version, request in (("v1beta1", flat), ("v1", exactly))
    )
    assert old == new


def test_what_the_api_server_would_fill_in_is_filled_in() -> None:
    request: JsonObject = {"name": "gpu", "exactly": {"deviceClassName": "x", "tolerations": [{"key": "k"}]}}
    claim: ResourceClaim = read_cluster([document(claim_of("v1", request))]).unwrap().snapshot.claims[0]
    exactly = claim.spec.devices.requests[0].exactly
    assert exactly is not None
    assert (exactly.allocation_mode, exactly.count, exactly.tolerations[0].operator) == ("ExactCount", 1, "Equal")


def test_lists_of_all_kinds_are_read_and_the_last_of_a_name_counts() -> None:
    typed: JsonObject = {
        "apiVersion": "v1",
        "kind": "NodeList",
        "items": [{"metadata": {"name": "node-1"}}, {"metadata": {"name": "node-2"}}],
    }
    mixed: JsonObject = {
        "apiVersion": "v1",
        "kind": "List",
        "items": [
            {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1", "labels": {"zone": "b"}}},
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}},
        ],
    }
    reading = read_cluster([document(typed), document(msgspec.json.encode(mixed))]).unwrap()
    assert [node.metadata.name for node in reading.snapshot.nodes] == ["node-1", "node-2"]
    assert reading.snapshot.nodes[0].metadata.labels == {"zone": "b"}
    assert reading.ignored == {"Service": 1}


def test_amounts_may_be_numbers_as_in_go() -> None:
    pod: JsonObject = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": None},
        "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": 1, "memory": "1Gi"}}}]},
    }
    read = read_cluster([document(pod)], namespace="team").unwrap().snapshot.pods[0]
    assert read.metadata.namespace == "team"
    assert read.spec.containers[0].resources.requests == {"cpu": "1", "memory": "1Gi"}


def test_all_faults_are_told_each_with_its_place() -> None:
    """Paths are those of the version that was written, not of v1."""
    broken: JsonObject = {
        **SLICE_V1BETA1,
        "spec": {
            "driver": "gpu.example.com",
            "pool": {"name": 7, "resourceSliceCount": 1},
            "devices": [{"name": "gpu-0", "basic": {"attributes": {"index": {"int": "three"}}}}],
        },
    }
    faults = faults_of({"apiVersion": "v1", "kind": "List", "items": [SLICE_V1, broken, 3]}, "text")
    assert [fault.sentence for fault in faults] == [
        "cluster.yaml, document 1, items[1], ResourceSlice slice-1: spec.pool.name: "
        "expected a text, found the number 7",
        "cluster.yaml, document 1, items[1], ResourceSlice slice-1: spec.devices[0].basic.attributes.index.int: "
        'expected a whole number, found "three"',
        "cluster.yaml, document 1, items[2]: this is no Kubernetes object: apiVersion and kind must say what it is "
        "(give what `kubectl get -o yaml` or `-o json` prints)",
        "cluster.yaml, document 1: this is no Kubernetes object: apiVersion and kind must say what it is "
        "(give what `kubectl get -o yaml` or `-o json` prints)",
    ]


def test_a_field_of_a_newer_api_is_told_and_the_rest_is_read() -> None:
    newer = {**SLICE_V1, "metadata": {"name": "slice-1"}, "spec": {**SLICE_V1["spec"], "fromTheFuture": 1}}  # type: ignore[dict-item]  # the spec is an object
    reading = read_cluster([document(msgspec.json.encode(newer))]).unwrap()
    assert [fault.refusal.path for fault in reading.unknown] == ["spec.fromTheFuture"]
    assert len(reading.snapshot.slices) == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "NotJson"),
        (b"{", "NotJson"),
        (b"[]", "NotAnObject"),
        (b"\xff\xfe", "NotJson"),
        (b'{"kind": 1}', "NotAnObject"),
        (b'{"apiVersion": "v1", "kind": "Node"}', "Required"),
        (b'{"apiVersion": "resource.k8s.io/v1alpha2", "kind": "ResourceClaim"}', "UnknownVersion"),
        (b'{"a":' * 100_000, "NotJson"),
    ],
)
def test_what_is_no_object_is_refused(text: bytes, code: str) -> None:
    assert [fault.refusal.code for fault in faults_of(text)] == [code]


@pytest.mark.parametrize("as_text", [False, True])
def test_items_of_a_typed_list_have_the_version_of_the_list(as_text: bool) -> None:
    """As the API server answers, of any version."""
    item = {key: value for key, value in SLICE_V1BETA1.items() if key not in ("apiVersion", "kind")}
    listed: JsonObject = {"apiVersion": "resource.k8s.io/v1beta1", "kind": "ResourceSliceList", "items": [item]}
    one, many = (
        read_cluster([document(msgspec.json.encode(value) if as_text else value)]).unwrap()
        for value in (SLICE_V1BETA1, listed)
    )
    assert many.snapshot == one.snapshot
    assert many.unknown == ()
