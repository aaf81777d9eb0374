"""What of a node decides about claims, so that nodes that are alike in it are asked once.

Two nodes get the same answer for the same claims if their devices stand in the same order under the same names and are
alike in all that these claims look at: what the selectors say, the attributes that constraints compare, capacity,
counters, taints, conditions; and if the same of it is in use. Everything else (UUIDs, the names of node and pool) only
appears in results.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from dra_core.allocation.allocated import Allocated
from dra_core.allocation.attributes import applies
from dra_core.allocation.in_flight import NODE_OPERATIONS_FEATURE
from dra_core.allocation.inventory_device import InventorySlice
from dra_core.allocation.pools import NodePools, Pool
from dra_core.allocation.requests import ReadClaim, Request
from dra_core.allocation.verdicts import Verdicts
from dra_core.snapshot.node import Node


class Shapes:
    """Tells nodes apart by what they are to a set of claims."""

    def __init__(self, claims: Sequence[ReadClaim], verdicts: Verdicts) -> None:
        self._verdicts = verdicts
        self._views = [
            (request, _compared_names(claim, request))
            for claim in claims
            for alternatives in claim.requests
            for request in alternatives
        ]

    def of(self, node: Node, pools: NodePools) -> Hashable | None:
        """Equal for nodes that answer alike when the same is in use.

        None where a node must be asked for itself: others use its pools, they are not in order, or an expression
        fails, which names the device.
        """
        if not pools.private:
            return None
        seen: list[Hashable] = []
        for pool in pools.pools:
            for part in pool.slices:
                places = self._places(part)
                if places is None:
                    return None
                seen += places
            seen.append(_counters(pool))
        return NODE_OPERATIONS_FEATURE in node.status.declared_features, tuple(seen)

    def _places(self, part: InventorySlice) -> list[Hashable] | None:
        verdicts = self._verdicts
        places: list[Hashable] = [verdicts.fixed(part)]
        for request, names in self._views:
            selected = verdicts.selected(request, part)
            if selected is None:
                return None
            places.append(selected)
            for name in names:
                compared = verdicts.compared(request, name, selected, part)
                if compared is None:
                    return None
                places.append(compared)
        return places


def in_use(held: Allocated, pools: NodePools) -> Hashable:
    """What is in use in a node's pools, without the pools' names."""
    return tuple(
        [
            (held.devices.get(pool.id), held.shared.get(pool.id), _consumed(held, pool) if held.consumed else ())
            for pool in pools.pools
        ]
    )


def _consumed(held: Allocated, pool: Pool) -> Hashable:
    return tuple(
        (device.id[2], tuple(sorted(held.consumed[device.id].items())))
        for part in pool.slices
        for device in part.devices
        if device.id in held.consumed
    )


def _compared_names(claim: ReadClaim, request: Request) -> tuple[str, ...]:
    """The attributes by which constraints compare what the request gets."""
    return tuple(
        constraint.match_attribute or constraint.distinct_attribute or ""
        for constraint in claim.constraints
        if applies(constraint, request)
    )


def _counters(pool: Pool) -> Hashable:
    return tuple((name, tuple(counters.items())) for name, counters in pool.counter_sets.items())
