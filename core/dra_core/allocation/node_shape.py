"""What of a node decides about claims, so that nodes that are alike in it are asked once.

Two nodes get the same answer for the same claims if their devices stand in the same order under the same names and are
alike in all that these claims look at: what the selectors say, the attributes that constraints compare, capacity,
counters, taints, conditions. Everything else (UUIDs, the names of node and pool) only appears in results.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from dra_core.allocation.attributes import applies, values_of
from dra_core.allocation.in_flight import NODE_OPERATIONS_FEATURE, Fatal, InFlight
from dra_core.allocation.inventory_device import InventoryDevice
from dra_core.allocation.pools import Candidate, NodePools, Pool
from dra_core.allocation.requests import ReadClaim
from dra_core.snapshot.node import Node


def private(pools: NodePools, node: Node) -> bool:
    """Whether nobody but this node uses its pools, and they are in order."""
    name = node.metadata.name
    return not pools.error and all(
        not pool.incomplete
        and not pool.invalid_reason
        and not pool.elsewhere
        and all(part.record.spec.node_name == name for part in pool.slices)
        for pool in pools.pools
    )


def shape_of(pools: NodePools, node: Node, claims: Sequence[ReadClaim], state: InFlight) -> Hashable | None:
    """Equal for nodes that answer these claims alike; None where an expression fails, which names the device."""
    places: list[Hashable] = []
    numbers = {id(pool): number for number, pool in enumerate(pools.pools)}
    for candidate in pools.candidates:
        place = _place(candidate, claims, state)
        if place is None:
            return None
        places.append((numbers[id(candidate.pool)], place))
    declares = NODE_OPERATIONS_FEATURE in node.status.declared_features
    return declares, tuple(places), tuple(_counters(pool) for pool in pools.pools)


def _place(candidate: Candidate, claims: Sequence[ReadClaim], state: InFlight) -> Hashable | None:
    device = candidate.device
    seen: list[Hashable] = []
    for claim in claims:
        for alternatives in claim.requests:
            for request in alternatives:
                selectable = state.selectable(request, candidate)
                if isinstance(selectable, Fatal):
                    return None
                seen.append(selectable)
                if not selectable:
                    continue
                for constraint in claim.constraints:
                    if not applies(constraint, request):
                        continue
                    name = constraint.match_attribute or constraint.distinct_attribute or ""
                    attribute = state.attribute(request, device, name)
                    if isinstance(attribute, Fatal):
                        return None
                    values = None if attribute is None else values_of(attribute, state.features.list_type_attributes)
                    seen.append((attribute is not None, values))
    return tuple(seen), _rest(device), candidate.slice.record.spec.skip_node_operations


def _rest(device: InventoryDevice) -> Hashable:
    record = device.record
    return (
        device.id[0],
        record.name,
        # Equal capacities and consumptions of one inventory are one object.
        id(device.capacity) if device.capacity else 0,
        id(device.consumes) if device.consumes else 0,
        device.blocking,
        device.multiple,
        record.binds_to_node,
        record.binding_conditions,
        record.binding_failure_conditions,
    )


def _counters(pool: Pool) -> Hashable:
    return tuple((name, tuple(counters.items())) for name, counters in pool.counter_sets.items())
