"""Generated clusters: a few nodes with GPUs, some in use, some tainted, and a pod that wants devices."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from dra_core.planning import ClusterSnapshot
from dra_core.snapshot.device import (
    Counter,
    CounterSet,
    Device,
    DeviceAttribute,
    DeviceCapacity,
    DeviceCounterConsumption,
    DeviceTaint,
)
from dra_core.snapshot.device_class import CelSelector, DeviceClass, DeviceClassSpec, DeviceSelector
from dra_core.snapshot.metadata import ObjectMeta
from dra_core.snapshot.node import Node, NodeSpec, NodeStatus, NodeTaint
from dra_core.snapshot.node_selector import NodeSelector, NodeSelectorRequirement, NodeSelectorTerm
from dra_core.snapshot.pod import Container, Pod, PodResourceClaim, PodSpec, ResourceRequirements
from dra_core.snapshot.resource_claim import (
    AllocationResult,
    CapacityRequirements,
    DeviceAllocationResult,
    DeviceClaim,
    DeviceConstraint,
    DeviceRequest,
    DeviceRequestAllocationResult,
    DeviceSubRequest,
    DeviceToleration,
    ExactDeviceRequest,
    ResourceClaim,
    ResourceClaimConsumerReference,
    ResourceClaimSpec,
    ResourceClaimStatus,
    ResourceClaimTemplate,
    ResourceClaimTemplateSpec,
)
from dra_core.snapshot.resource_slice import ResourcePool, ResourceSlice, ResourceSliceSpec
from hypothesis import strategies as st

DRIVER = "gpu.example.com"
TAINT = DeviceTaint(key="unhealthy", value="true", effect="NoSchedule")
SELECTORS = (
    "device.attributes['gpu.example.com'].model == 'A'",
    "device.attributes['gpu.example.com'].model == 'B'",
    "device.capacity['gpu.example.com'].memory.compareTo(quantity('20Gi')) >= 0",
    "device.attributes['gpu.example.com'].model == 'none'",
)
FAILING = "device.attributes['gpu.example.com'].absent == 'x'"


def selector(expression: str) -> DeviceSelector:
    return DeviceSelector(cel=CelSelector(expression=expression))


GPU_CLASS = DeviceClass(
    metadata=ObjectMeta(name=DRIVER), spec=DeviceClassSpec(selectors=(selector(f"device.driver == '{DRIVER}'"),))
)


def device(name: str, model: str, memory: str, tainted: bool, shared: bool = False) -> Device:
    return Device(
        name=name,
        attributes={"model": DeviceAttribute(string_value=model)},
        capacity={"memory": DeviceCapacity(value=memory)},
        taints=(TAINT,) if tainted else (),
        allow_multiple_allocations=True if shared else None,
    )


def slice_of(node: str, devices: tuple[Device, ...]) -> ResourceSlice:
    return ResourceSlice(
        metadata=ObjectMeta(name=f"{node}-slice"),
        spec=ResourceSliceSpec(
            driver=DRIVER, pool=ResourcePool(name=node, resource_slice_count=1), node_name=node, devices=devices
        ),
    )


def board_of(node: str, model: str) -> tuple[ResourceSlice, ResourceSlice]:
    """A GPU that is given as a whole or as two halves, which draw from the same counter (KEP-4815)."""
    pool = ResourcePool(name=node, resource_slice_count=2)
    counters = CounterSet(name="board", counters={"memory": Counter(value="40Gi")})

    def part(name: str, memory: str) -> Device:
        taken = DeviceCounterConsumption(counter_set="board", counters={"memory": Counter(value=memory)})
        return msgspec.structs.replace(device(name, model, memory, False), consumes_counters=(taken,))

    parts = (part("half-0", "20Gi"), part("half-1", "20Gi"), part("whole", "40Gi"))
    first, second = (
        ResourceSlice(
            metadata=ObjectMeta(name=f"{node}-{i}"),
            spec=ResourceSliceSpec(driver=DRIVER, pool=pool, node_name=node, shared_counters=sets, devices=devices),
        )
        for i, (sets, devices) in enumerate((((counters,), ()), ((), parts)))
    )
    return first, second


def allocated_claim(name: str, node: str, devices: tuple[str, ...], pod: str) -> ResourceClaim:
    """A claim that holds whole devices of one node."""
    requests = tuple(
        DeviceRequest(
            name=f"r{i}",
            exactly=ExactDeviceRequest(device_class_name=DRIVER, allocation_mode="ExactCount", count=1),
        )
        for i in range(len(devices))
    )
    results = tuple(
        DeviceRequestAllocationResult(request=f"r{i}", driver=DRIVER, pool=node, device=item)
        for i, item in enumerate(devices)
    )
    here = NodeSelectorRequirement(key="metadata.name", operator="In", values=(node,))
    return ResourceClaim(
        metadata=ObjectMeta(name=name, namespace="default", uid=f"uid-{name}"),
        spec=ResourceClaimSpec(devices=DeviceClaim(requests=requests)),
        status=ResourceClaimStatus(
            allocation=AllocationResult(
                devices=DeviceAllocationResult(results=results),
                node_selector=NodeSelector(node_selector_terms=(NodeSelectorTerm(match_fields=(here,)),)),
            ),
            reserved_for=(ResourceClaimConsumerReference(resource="pods", name=pod, uid=f"uid-{pod}"),),
        ),
    )


def running_pod(name: str, node: str, claim: str, cpu: str) -> Pod:
    return Pod(
        metadata=ObjectMeta(name=name, namespace="default", uid=f"uid-{name}"),
        spec=PodSpec(
            node_name=node,
            containers=(Container(name="c", resources=ResourceRequirements(requests={"cpu": cpu})),),
            resource_claims=(PodResourceClaim(name="gpu", resource_claim_name=claim),),
        ),
    )


def wanting_pod(name: str, cpu: str = "1", node_selector: Mapping[str, str] | None = None) -> Pod:
    """A pod with a claim from the template "wanted"."""
    return Pod(
        metadata=ObjectMeta(name=name, namespace="default"),
        spec=PodSpec(
            node_selector=node_selector or {},
            containers=(Container(name="c", resources=ResourceRequirements(requests={"cpu": cpu})),),
            resource_claims=(PodResourceClaim(name="gpu", resource_claim_template_name="wanted"),),
        ),
    )


@st.composite
def requests(draw: st.DrawFn, failing: bool) -> ExactDeviceRequest:
    expressions = [*SELECTORS, *SELECTORS[:3], *((FAILING,) if failing else ())]
    everything = draw(st.integers(0, 4)) == 4
    memory = draw(st.sampled_from([None, None, None, "10Gi", "30Gi", "100Gi"]))
    return ExactDeviceRequest(
        device_class_name="gpu.example.org" if draw(st.integers(0, 15)) == 15 else DRIVER,
        selectors=tuple(
            map(selector, draw(st.lists(st.sampled_from(expressions), max_size=1 + draw(st.integers(0, 1)))))
        ),
        allocation_mode="All" if everything else "ExactCount",
        count=None if everything else draw(st.sampled_from([1, 1, 1, 2, 3])),
        tolerations=(DeviceToleration(operator="Exists"),) if draw(st.booleans()) else (),
        capacity=CapacityRequirements(requests={"memory": memory}) if memory is not None else None,
    )


@st.composite
def templates(draw: st.DrawFn, failing: bool) -> ResourceClaimTemplate:
    exact = draw(st.lists(requests(failing), min_size=1, max_size=2))
    items = [DeviceRequest(name=f"r{i}", exactly=item) for i, item in enumerate(exact)]
    if draw(st.integers(0, 2)) == 2:
        alternatives = draw(st.lists(requests(failing), min_size=1, max_size=2))
        items.append(
            DeviceRequest(
                name="list",
                first_available=tuple(
                    DeviceSubRequest(
                        name=f"a{i}",
                        device_class_name=item.device_class_name,
                        selectors=item.selectors,
                        allocation_mode=item.allocation_mode,
                        count=item.count,
                        tolerations=item.tolerations,
                        capacity=item.capacity,
                    )
                    for i, item in enumerate(alternatives)
                ),
            )
        )
    constraint = DeviceConstraint(match_attribute="gpu.example.com/model")
    constraints = (constraint,) if draw(st.integers(0, 2)) == 2 else ()
    return ResourceClaimTemplate(
        metadata=ObjectMeta(name="wanted", namespace="default"),
        spec=ResourceClaimTemplateSpec(
            spec=ResourceClaimSpec(devices=DeviceClaim(requests=tuple(items), constraints=constraints))
        ),
    )


@st.composite
def snapshots(draw: st.DrawFn, failing: bool = True) -> ClusterSnapshot:
    """A cluster with the template "wanted"; with ``failing``, some selectors err on every device."""
    nodes: list[Node] = []
    slices: list[ResourceSlice] = []
    claims: list[ResourceClaim] = []
    pods: list[Pod] = []
    for number in range(draw(st.integers(1, 3))):
        name = f"node-{number}"
        nodes.append(
            Node(
                metadata=ObjectMeta(name=name, labels={"zone": draw(st.sampled_from("ab"))}),
                spec=NodeSpec(
                    unschedulable=draw(st.integers(0, 7)) == 7,
                    taints=(NodeTaint(key="team", value="x", effect="NoSchedule"),)
                    if draw(st.integers(0, 5)) == 5
                    else (),
                ),
                status=NodeStatus(allocatable={"cpu": "4", "pods": "10"}),
            )
        )
        if draw(st.integers(0, 3)) == 3:
            slices += board_of(name, draw(st.sampled_from("AB")))
            held_part = draw(st.sampled_from([None, "half-0", "half-1", "whole"]))
            if held_part is not None:
                claims.append(allocated_claim(f"held-{name}", name, (held_part,), f"pod-{name}"))
                pods.append(running_pod(f"pod-{name}", name, f"held-{name}", "1"))
            continue
        devices = tuple(
            device(
                f"gpu-{i}",
                draw(st.sampled_from("AB")),
                draw(st.sampled_from(["16Gi", "40Gi"])),
                draw(st.integers(0, 3)) == 3,
                draw(st.integers(0, 3)) == 3,
            )
            for i in range(draw(st.integers(0, 6)))
        )
        if devices:
            slices.append(slice_of(name, devices))
        free = [item.name for item in devices if not item.allow_multiple_allocations]
        for _ in range(draw(st.integers(0, len(free)))):
            if not free:
                break
            held = tuple(free[: draw(st.integers(1, len(free)))])
            free = free[len(held) :]
            claim = f"held-{name}-{len(claims)}"
            claims.append(allocated_claim(claim, name, held, f"pod-{claim}"))
            pods.append(running_pod(f"pod-{claim}", name, claim, "1"))
    return ClusterSnapshot(
        nodes=tuple(nodes),
        slices=tuple(slices),
        classes=(GPU_CLASS,),
        claims=tuple(claims),
        templates=(draw(templates(failing)),),
        pods=tuple(pods),
    )
