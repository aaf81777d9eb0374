"""The pools that a node can draw from (GatherPools of the scheduler's allocator).

Only the newest generation of a pool counts. A pool is incomplete while slices of that generation are missing, invalid
if its slices contradict each other; neither gives devices, and a request for all devices fails on both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from dra_core.allocation.allocated import PoolId
from dra_core.allocation.features import Features, Variant
from dra_core.allocation.inventory_device import InventoryDevice, InventorySlice
from dra_core.allocation.node_match import node_matches
from dra_core.snapshot.node import Node
from dra_core.snapshot.quantity import parse


class Pool(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """A pool as one node sees it.

    Attributes:
        slices: The slices with devices for the node, in the order of the search.
        elsewhere: The pool's other slices; their allocated devices draw from the same counters.
        counter_sets: The amounts of each counter, in billionths.
    """

    id: PoolId
    incomplete: bool = False
    invalid_reason: str = ""
    slices: tuple[InventorySlice, ...] = ()
    elsewhere: tuple[InventorySlice, ...] = ()
    counter_sets: Mapping[str, Mapping[str, int]] = {}

    @property
    def name(self) -> str:
        """``driver/pool``, as messages name it."""
        return f"{self.id[0]}/{self.id[1]}"

    @property
    def has_binding_conditions(self) -> bool:
        """Whether any of its devices waits for conditions; such pools come last."""
        return any(device.record.binding_conditions for part in self.slices for device in part.devices)


class Candidate(msgspec.Struct, frozen=True, eq=False):
    """A device that a node can use, with where it stands; ``place`` counts in the order of the search."""

    place: int
    device: InventoryDevice
    slice: InventorySlice
    pool: Pool


class NodePools(msgspec.Struct, frozen=True, eq=False):
    """All that a node can draw from, or why that cannot be said.

    Attributes:
        pools: In the order of the search.
        candidates: The devices of pools that are in order, in the order of the search.
        error: What is wrong with a slice; the allocation then fails as a whole.
        private: Nobody but this node uses its pools, and they are in order.
    """

    pools: tuple[Pool, ...]
    candidates: tuple[Candidate, ...]
    error: str = ""
    private: bool = False


def gather(
    node: Node,
    slices: Iterable[InventorySlice],
    of_pool: Mapping[PoolId, Sequence[InventorySlice]],
    features: Features,
) -> NodePools:
    """What the node can draw from.

    Args:
        node: Its name and labels count.
        slices: Those that may concern the node: its own and those that name no node.
        of_pool: All slices there are.
        features: The rules in force.
    """
    newest: dict[PoolId, list[InventorySlice]] = {}
    for item in slices:
        concerns = _concerns(node, item, features)
        if isinstance(concerns, str):
            return NodePools((), (), concerns)
        if not concerns:
            continue
        found = newest.get(item.pool)
        if found is None or item.record.spec.pool.generation > found[0].record.spec.pool.generation:
            newest[item.pool] = [item]
        elif item.record.spec.pool.generation == found[0].record.spec.pool.generation:
            found.append(item)
    plain: list[Pool] = []
    conditional: list[Pool] = []
    # The stable variant goes through a Go map, which begins anywhere but keeps the order of insertion round the circle,
    # as long as it is small: the order of the slices is an order it may take, the sorted one need not be.
    for pool_id in newest if features.variant is Variant.STABLE else sorted(newest):
        pool = _pool(pool_id, newest[pool_id], of_pool[pool_id], features)
        if pool is not None:
            last = features.variant is not Variant.STABLE and pool.has_binding_conditions
            (conditional if last else plain).append(pool)
    pools = (*plain, *conditional)
    usable = (
        (device, part, pool)
        for pool in pools
        if not pool.incomplete and not pool.invalid_reason
        for part in pool.slices
        for device in part.devices
    )
    candidates = tuple(Candidate(place, *item) for place, item in enumerate(usable))
    return NodePools(pools, candidates, private=all(_private(pool, node.metadata.name) for pool in pools))


def _private(pool: Pool, node: str) -> bool:
    return not (pool.incomplete or pool.invalid_reason or pool.elsewhere) and all(
        part.record.spec.node_name == node and not part.record.spec.per_device_node_selection for part in pool.slices
    )


def _concerns(node: Node, item: InventorySlice, features: Features) -> bool | str:
    """Whether any device of the slice can be used on the node; a text if that cannot be said."""
    spec = item.record.spec
    partitions = features.partitionable_devices
    if not partitions and (spec.per_device_node_selection is not None or spec.shared_counters):
        return False
    if item.uses_groups and not features.compatibility_groups:
        return False
    if spec.shared_counters and features.variant is Variant.STABLE:
        return True
    name = item.record.metadata.name
    if spec.node_name or spec.all_nodes or spec.node_selector is not None:
        matches = node_matches(node, spec.node_name, spec.all_nodes, spec.node_selector)
        if isinstance(matches, str):
            return f"gather pool information: failed to perform node selection for slice {name}: {matches}"
        return matches
    if spec.per_device_node_selection:
        for device in spec.devices:
            matches = node_matches(node, device.node_name, device.all_nodes, device.node_selector)
            if isinstance(matches, str):
                problem = f"failed to perform node selection for device {device.name} in slice {name}: {matches}"
                return f"gather pool information: {problem}"
            if matches:
                return True
    return False


def _pool(
    pool_id: PoolId, here: list[InventorySlice], everywhere: Sequence[InventorySlice], features: Features
) -> Pool | None:
    """The pool as a whole; None if a newer generation is on its way that has nothing for this node."""
    count = here[0].record.spec.pool.resource_slice_count
    if len(here) == count:
        return _built(pool_id, here, (), features)
    generation = here[0].record.spec.pool.generation
    if any(item.record.spec.pool.generation > generation for item in everywhere):
        return None
    same = [
        item
        for item in everywhere
        if item.record.spec.pool.generation == generation and (features.compatibility_groups or not item.uses_groups)
    ]
    if len(same) != count:
        return Pool(id=pool_id, incomplete=True)
    return _built(pool_id, here, same, features)


def _built(
    pool_id: PoolId, here: list[InventorySlice], everywhere: Sequence[InventorySlice], features: Features
) -> Pool:
    if features.variant is not Variant.STABLE:
        here = sorted(here, key=lambda item: item.record.metadata.name)
    partitions = features.partitionable_devices
    counting = [item for item in here if partitions and item.record.spec.shared_counters]
    slices = tuple(item for item in here if not (partitions and item.record.spec.shared_counters))
    elsewhere: list[InventorySlice] = []
    if len(here) < len(everywhere):
        names = {item.record.metadata.name for item in here}
        for item in everywhere:
            if item.record.metadata.name in names:
                continue
            (counting if partitions and item.record.spec.shared_counters else elsewhere).append(item)
    duplicate = _duplicate_device(slices)
    if duplicate is not None:
        return Pool(id=pool_id, invalid_reason=f"duplicate device name {duplicate}")
    if not partitions:
        return Pool(id=pool_id, slices=slices)
    counter_sets: dict[str, Mapping[str, int]] = {}
    for item in counting:
        for counter_set in item.record.spec.shared_counters:
            if counter_set.name in counter_sets:
                return Pool(id=pool_id, invalid_reason=f"duplicate counter set name {counter_set.name}")
            amounts = {name: parse(counter.value) for name, counter in counter_set.counters.items()}
            counter_sets[counter_set.name] = {name: amount.nanos if amount else 0 for name, amount in amounts.items()}
    # The stable variant also looks at the devices of slices with counter sets, though nobody gets them.
    looked_at = here if features.variant is Variant.STABLE else slices
    reason = _missing_counter(counter_sets, (*looked_at, *elsewhere))
    if reason:
        return Pool(id=pool_id, invalid_reason=reason)
    return Pool(id=pool_id, slices=slices, elsewhere=tuple(elsewhere), counter_sets=counter_sets)


def _duplicate_device(slices: Iterable[InventorySlice]) -> str | None:
    seen: set[str] = set()
    for item in slices:
        for device in item.devices:
            if device.record.name in seen:
                return device.record.name
            seen.add(device.record.name)
    return None


def _missing_counter(counter_sets: Mapping[str, Mapping[str, int]], slices: Iterable[InventorySlice]) -> str:
    for item in slices:
        for device in item.devices:
            for taken in device.consumes:
                counters = counter_sets.get(taken.counter_set)
                if counters is None:
                    return f"counter set {taken.counter_set} not found"
                for name, _ in taken.counters:
                    if name not in counters:
                        return f"counter {name} not found in counter set {taken.counter_set}"
    return ""
