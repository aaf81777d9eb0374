"""Devices that are a part of a node's own resources, such as cpu or memory, or cost some (DRANodeAllocatableResources).

What a pod's devices take is added to what its containers request, and both together must fit. An API server without
the gate drops the fields, so that where they stand they count. The shape of 1.36 is read as that of 1.37.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from dra_core.allocation.allocated import DeviceId
from dra_core.allocation.inventory import Inventory
from dra_core.planning.amounts import HUGE_PAGES, NOTHING, for_whole_pods, in_words, nanos, requested
from dra_core.planning.node_rules import NodeRefusal
from dra_core.snapshot.device import (
    Device,
    NodeAllocatableMapping,
    NodeAllocatableResource,
    NodeAllocatableResourceMapping,
)
from dra_core.snapshot.pod import MappedNodeResource, NodeAllocatableClaimStatus, NodeResourceOverhead, Pod
from dra_core.snapshot.quantity import NANOS, Quantity, parse

CHECKED = ("cpu", "memory", "ephemeral-storage")  # and huge pages; others are not checked with devices added

PartsOfNodes = Mapping[DeviceId, Mapping[str, NodeAllocatableResource]]
"""Devices that take node resources, with what they take by resource name."""


class Taken(msgspec.Struct, frozen=True):
    """A device that a claim has.

    Attributes:
        device: Which.
        consumed: What the share consumes, by capacity; None for a whole device.
    """

    device: DeviceId
    consumed: Mapping[str, Quantity] | None


def parts_of_nodes(inventory: Inventory) -> PartsOfNodes:
    """The devices that take node resources."""
    return {
        device.id: parts
        for slices in inventory.pools.values()
        for part in slices
        for device in part.devices
        if (parts := _parts(device.record))
    }


def _parts(device: Device) -> Mapping[str, NodeAllocatableResource]:
    if not device.node_allocatable_resource_mappings:
        return device.node_allocatable_resources
    older = {
        name: NodeAllocatableResource(mapping=_as_in_1_37(item))
        for name, item in device.node_allocatable_resource_mappings.items()
    }
    return {**older, **device.node_allocatable_resources}


def _as_in_1_37(item: NodeAllocatableResourceMapping) -> NodeAllocatableMapping:
    if item.capacity_key:
        return NodeAllocatableMapping(capacity_key=item.capacity_key, capacity_multiplier=item.allocation_multiplier)
    return NodeAllocatableMapping(device_multiplier=item.allocation_multiplier)


def claim_status(
    pod: Pod, entry: str, name: str, taken: Iterable[Taken], parts: PartsOfNodes
) -> NodeAllocatableClaimStatus | None | str:
    """What the scheduler notes in the pod's status about one claim; None if it takes nothing; an error in words.

    Args:
        pod: Who uses the claim.
        entry: The pod's own name for it.
        name: The claim's name.
        taken: Its devices.
        parts: See ``PartsOfNodes``.
    """
    mapped: dict[str, Quantity] = {}
    overhead: dict[str, list[Quantity | None]] = {}
    for item in taken:
        for resource, part in parts.get(item.device, {}).items():
            if part.mapping is not None:
                if part.mapping.capacity_key and item.consumed is None:
                    key = part.mapping.capacity_key
                    return f"claim {name}: {item.device[2]} maps its capacity {key} to {resource}, but is not shared"
                amount = _mapped(part.mapping, item.consumed or {})
                if amount is not None:
                    mapped[resource] = _sum(mapped.get(resource), amount)
            if part.overhead is not None:
                sums = overhead.setdefault(resource, [None, None])
                for place, text in enumerate((part.overhead.per_pod, part.overhead.per_container)):
                    cost = parse(text) if text is not None else None
                    sums[place] = sums[place] if cost is None else _sum(sums[place], cost)
    if not mapped and not overhead:
        return None
    containers = tuple(
        container.name
        for container in (*pod.spec.init_containers, *pod.spec.containers)
        for used in container.resources.claims
        if used.name == entry
    )
    return NodeAllocatableClaimStatus(
        resource_claim_name=name,
        containers=containers,
        mapping=tuple(MappedNodeResource(name=resource, quantity=str(mapped[resource])) for resource in sorted(mapped)),
        overhead=tuple(
            NodeResourceOverhead(name=resource, per_pod=_text(sums[0]), per_container=_text(sums[1]))
            for resource, sums in sorted(overhead.items())
        ),
    )


def _mapped(mapping: NodeAllocatableMapping, consumed: Mapping[str, Quantity]) -> Quantity | None:
    """How much of the resource a device is; None if this one has nothing to do with it."""
    if not mapping.capacity_key:
        return parse(mapping.device_multiplier) if mapping.device_multiplier is not None else None
    amount = consumed.get(mapping.capacity_key)
    if amount is None or mapping.capacity_multiplier is None:
        return amount
    return Quantity(-(-amount.nanos * nanos(mapping.capacity_multiplier) // NANOS), amount.format)


def _sum(first: Quantity | None, second: Quantity) -> Quantity:
    return second if first is None else Quantity(first.nanos + second.nanos, first.format)


def _text(amount: Quantity | None) -> str | None:
    return None if amount is None else str(amount)


def demand(statuses: Iterable[NodeAllocatableClaimStatus]) -> Mapping[str, int]:
    """What a pod's devices take of node resources, in billionths by name (addDRANodeAllocatableClaimResources)."""
    total: dict[str, int] = {}
    for status in statuses:
        for item in status.mapping:
            total[item.name] = total.get(item.name, 0) + nanos(item.quantity or "0")
        for cost in status.overhead:
            amount = nanos(cost.per_pod or "0") + nanos(cost.per_container or "0") * len(status.containers)
            total[cost.name] = total.get(cost.name, 0) + amount
    return total or NOTHING


def device_refusal(
    pod: Pod,
    statuses: Sequence[NodeAllocatableClaimStatus],
    offered: Mapping[str, int] | None,
    used: Mapping[str, int],
) -> NodeRefusal | None:
    """Whether the pod fits with what its devices take added; all that is short at once."""
    devices = demand(statuses)
    if not devices:
        return None
    containers = requested(msgspec.structs.replace(pod.spec, resources=None, overhead={}), devices=devices)
    whole = pod.spec.resources.requests if pod.spec.resources is not None else {}
    for name, text in whole.items():
        if for_whole_pods(name) and containers.get(name, 0) > nanos(text):
            amount = in_words(name, containers[name])
            seen = f"spec.resources asks for {text} of {name}, its containers and devices together take {amount}"
            return NodeRefusal("NodeAllocatable", seen, alike=name)
    if offered is None:
        return None
    missing: dict[str, str] = {}
    for name, wanted in requested(pod.spec, devices=devices).items():
        left = offered.get(name, 0) - used.get(name, 0)
        if wanted > left and (name in CHECKED or name.startswith(HUGE_PAGES)):
            numbers = f"{in_words(name, wanted)} wanted, {in_words(name, max(left, 0))} left"
            missing[name] = f"insufficient {name} ({numbers})"
    text = f"with what its devices take: {', '.join(missing.values())}"
    return NodeRefusal("NodeAllocatable", text, alike=", ".join(missing)) if missing else None
