"""What explain says, by example."""

from __future__ import annotations

import msgspec
import pytest
from dra_core.allocation.cel_language import CelLanguage
from dra_core.planning import Cluster, ClusterSnapshot, Explanation, explain_claim, explain_pod
from dra_core.snapshot.device_class import OpaqueDeviceConfiguration
from dra_core.snapshot.metadata import ObjectMeta
from dra_core.snapshot.node import Node, NodeStatus
from dra_core.snapshot.pod import Pod, SchedulingGate
from dra_core.snapshot.resource_claim import (
    CapacityRequirements,
    DeviceClaim,
    DeviceClaimConfiguration,
    DeviceConstraint,
    DeviceRequest,
    ExactDeviceRequest,
    ResourceClaim,
    ResourceClaimSpec,
    ResourceClaimTemplate,
    ResourceClaimTemplateSpec,
)

from tests.property.planning.clusters import (
    DRIVER,
    FAILING,
    GPU_CLASS,
    SELECTORS,
    allocated_claim,
    device,
    running_pod,
    selector,
    slice_of,
    wanting_pod,
)


def node(name: str) -> Node:
    return Node(metadata=ObjectMeta(name=name), status=NodeStatus(allocatable={"cpu": "4", "pods": "10"}))


def template(*requests: ExactDeviceRequest, **devices: object) -> ResourceClaimTemplate:
    items = tuple(DeviceRequest(name=f"gpu-{i}", exactly=item) for i, item in enumerate(requests))
    claim = msgspec.structs.replace(DeviceClaim(requests=items), **devices)
    return ResourceClaimTemplate(
        metadata=ObjectMeta(name="wanted", namespace="default"),
        spec=ResourceClaimTemplateSpec(spec=ResourceClaimSpec(devices=claim)),
    )


def request(**fields: object) -> ExactDeviceRequest:
    usual = ExactDeviceRequest(device_class_name=DRIVER, allocation_mode="ExactCount", count=1)
    return msgspec.structs.replace(usual, **fields)


def cluster(
    *requests: ExactDeviceRequest, snapshot: ClusterSnapshot | None = None, **devices: object
) -> ClusterSnapshot:
    """Two nodes: node-1 with one A and one B, node-2 with a tainted B."""
    base = snapshot or ClusterSnapshot(
        nodes=(node("node-1"), node("node-2")),
        slices=(
            slice_of("node-1", (device("gpu-0", "A", "40Gi", False), device("gpu-1", "B", "16Gi", False))),
            slice_of("node-2", (device("gpu-0", "B", "40Gi", True),)),
        ),
        classes=(GPU_CLASS,),
    )
    return msgspec.structs.replace(base, templates=(template(*requests, **devices),))


def explained(snapshot: ClusterSnapshot, pod: Pod | None = None) -> Explanation:
    return explain_pod(Cluster(snapshot, CelLanguage()), pod or wanting_pod("p"))


def test_a_pod_that_fits() -> None:
    assert explained(cluster(request())).headline == "default/p fits on 1 of 2 nodes: node-1"


def test_a_selector_that_selects_nothing() -> None:
    found = explained(cluster(request(selectors=(selector(SELECTORS[3]),))))
    assert found.headline == (
        "default/p fits on none of 2 nodes: request gpu-0 wants 1 device on a node: "
        "3 that the request does not select; "
        "drop the selector on model of request gpu-0: node-1 fits"
    )
    assert found.groups[0].account is not None
    refused = found.groups[0].account.requests[0].refused[0]
    assert (refused.rule, refused.devices) == ("Request", 2)


def test_a_taint_and_who_tolerates_it() -> None:
    found = explained(cluster(request(selectors=(selector(SELECTORS[1]), selector(SELECTORS[2])))))
    assert "tolerate unhealthy=true:NoSchedule in request gpu-0: node-2 fits" in [
        item.text for item in found.suggestions
    ]


def test_who_holds_the_devices() -> None:
    snapshot = cluster(request(count=2))
    held = allocated_claim("c", "node-1", ("gpu-1",), "train")
    snapshot = msgspec.structs.replace(snapshot, claims=(held,), pods=(running_pod("train", "node-1", "c", "1"),))
    texts = [item.text for item in explained(snapshot).suggestions]
    assert "wait for, or end, default/c (pod train): node-1 fits" in texts
    assert "ask for 1 instead of 2 devices in request gpu-0: node-1 fits" in texts


def test_a_capacity_that_nobody_has() -> None:
    found = explained(cluster(request(capacity=CapacityRequirements(requests={"memory": "100Gi"}))))
    assert found.suggestions[0].text == "ask for memory 40Gi instead of 100Gi in request gpu-0: node-1 fits"


def test_a_constraint_that_cannot_be_met_names_the_conflict() -> None:
    constraint = DeviceConstraint(match_attribute="gpu.example.com/model")
    found = explained(cluster(request(count=2), constraints=(constraint,)))
    texts = [item.text for item in found.suggestions]
    assert "drop the constraint matchAttribute gpu.example.com/model: node-1 fits" in texts


@pytest.mark.parametrize(
    ("snapshot", "code", "words"),
    [
        (cluster(request(device_class_name="gpu.example.co")), "ClassMissing", 'did you mean "gpu.example.com"?'),
        (cluster(request(selectors=(selector("device.driver =="),))), "ExpressionNotCompiling", "Syntax error"),
        (msgspec.structs.replace(cluster(request()), templates=()), "TemplateMissing", '"wanted" does not exist'),
        (
            cluster(
                request(),
                config=(
                    DeviceClaimConfiguration(
                        opaque=OpaqueDeviceConfiguration(driver=DRIVER, parameters={"kind": "GpuConfig"})
                    ),
                ),
            ),
            "Required",
            "spec.spec.devices.config[0].opaque.parameters.apiVersion",
        ),
    ],
)
def test_faults_are_found_before_scheduling(snapshot: ClusterSnapshot, code: str, words: str) -> None:
    found = explained(snapshot)
    assert code in [fault.code for fault in found.faults]
    assert any(words in fault.sentence for fault in found.faults)
    assert found.headline.startswith("default/p ")


def test_an_expression_that_fails_on_a_device_names_it_and_stops_everything() -> None:
    found = explained(cluster(request(selectors=(selector(FAILING),))))
    assert found.verdict == "DoesNotFit"
    assert "an error stops it on every node" in found.headline
    assert "gpu.example.com/node-1/gpu-0" in found.headline


def test_an_incomplete_pool_is_remarked_upon() -> None:
    snapshot = cluster(request())
    part = snapshot.slices[0]
    spec = msgspec.structs.replace(part.spec, pool=msgspec.structs.replace(part.spec.pool, resource_slice_count=2))
    snapshot = msgspec.structs.replace(snapshot, slices=(msgspec.structs.replace(part, spec=spec),))
    found = explained(snapshot)
    assert [remark.code for remark in found.remarks] == ["PoolIncomplete", "NoDevicesOnNode"]
    assert "1 of 2 slices of generation 0" in found.headline


def test_a_claim_in_deletion_names_who_holds_it() -> None:
    held = allocated_claim("c", "node-1", ("gpu-0", "gpu-1"), "train")
    gone = msgspec.structs.replace(
        held,
        metadata=msgspec.structs.replace(
            held.metadata,
            deletion_timestamp="2026-01-01T00:00:00Z",
            finalizers=("resource.kubernetes.io/delete-protection",),
        ),
    )
    snapshot = msgspec.structs.replace(
        cluster(request()), claims=(gone,), pods=(running_pod("train", "node-1", "c", "1"),)
    )
    remark = next(item for item in explained(snapshot).remarks if item.code == "ClaimStuckInDeletion")
    assert "node-1/gpu-0, node-1/gpu-1" in remark.seen
    assert "reserved for train" in remark.seen


def test_a_gate_is_told() -> None:
    pod = wanting_pod("p")
    gated = msgspec.structs.replace(
        pod, spec=msgspec.structs.replace(pod.spec, scheduling_gates=(SchedulingGate(name="queue"),))
    )
    assert "the scheduler waits until somebody removes queue" in explained(cluster(request()), gated).headline


def test_a_running_pod_tells_what_it_has() -> None:
    held = allocated_claim("c", "node-1", ("gpu-1",), "train")
    pod = running_pod("train", "node-1", "c", "1")
    snapshot = msgspec.structs.replace(cluster(request()), claims=(held,), pods=(pod,))
    found = explained(snapshot, pod)
    assert (found.verdict, found.headline) == ("Placed", "default/train is on node-1 and has c: gpu-1 of node-1 for r0")


def test_a_claim_is_explained_like_a_pod() -> None:
    snapshot = cluster(request())
    claim = ResourceClaim(metadata=ObjectMeta(name="mine", namespace="default"), spec=snapshot.templates[0].spec.spec)
    snapshot = msgspec.structs.replace(snapshot, claims=(claim,))
    found = explain_claim(Cluster(snapshot, CelLanguage()), claim)
    assert (found.verdict, found.fitting) == ("Fits", ("node-1",))


def test_equal_nodes_are_one_group() -> None:
    slices = tuple(slice_of(f"node-{i}", (device("gpu-0", "A", "40Gi", False),)) for i in range(200))
    nodes = tuple(node(f"node-{i}") for i in range(200))
    snapshot = ClusterSnapshot(nodes=nodes, slices=slices, classes=(GPU_CLASS,))
    found = explained(cluster(request(selectors=(selector(SELECTORS[1]),)), snapshot=snapshot))
    assert [(group.rule, len(group.nodes)) for group in found.groups] == [("Devices", 200)]


def test_without_nodes_those_that_the_slices_name_are_assumed() -> None:
    found = explained(msgspec.structs.replace(cluster(request()), nodes=()))
    assert found.fitting == ("node-1",)
