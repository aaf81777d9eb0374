"""All devices of a cluster, read once from its ResourceSlices and then asked for many nodes and claims."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dra_core.allocation.allocated import PoolId
from dra_core.allocation.capacity import shortage
from dra_core.allocation.features import Features, Variant
from dra_core.allocation.inventory_device import Interning, InventorySlice
from dra_core.allocation.node_match import node_matches
from dra_core.allocation.pools import NodePools, gather
from dra_core.allocation.selectors import Questions
from dra_core.allocation.verdicts import Verdicts
from dra_core.snapshot.node import Node
from dra_core.snapshot.resource_slice import ResourceSlice

__all__ = ["Inventory", "node_matches"]


class Inventory:
    """An immutable view of the slices under one set of features.

    What it works out about a node it keeps, so that asking again is cheap; answers never change.

    Attributes:
        features: The rules in force.
        faults: Texts in the slices that should be quantities and are not; they count as 0.
    """

    def __init__(self, slices: Iterable[ResourceSlice], features: Features) -> None:
        fractional = features.fractional_capacity_range
        interning = Interning(
            lambda capacity: shortage(None, capacity, {}, {}, fractional) is None,
            sharing=features.variant is not Variant.STABLE,
        )
        self.features = features
        self._slices = tuple(interning.slice(item) for item in slices)
        self.faults = tuple(interning.not_quantities)
        self._of_pool: dict[PoolId, list[InventorySlice]] = {}
        self._of_node: dict[str, list[InventorySlice]] = {}
        self._of_no_node: list[InventorySlice] = []
        for item in self._slices:
            self._of_pool.setdefault(item.pool, []).append(item)
            name = item.record.spec.node_name
            (self._of_node.setdefault(name, []) if name else self._of_no_node).append(item)
        self._views: dict[str, tuple[Mapping[str, str], NodePools]] = {}  # by node name, for these labels
        self._verdicts: dict[Questions, Verdicts] = {}

    def for_node(self, node: Node) -> NodePools:
        """What the node can draw from."""
        labels = node.metadata.labels
        known = self._views.get(node.metadata.name)
        if known is not None and (known[0] is labels or known[0] == labels):
            return known[1]
        found = gather(node, self._concerning(node), self._of_pool, self.features)
        self._views[node.metadata.name] = labels, found
        return found

    def verdicts(self, questions: Questions) -> Verdicts:
        """What these questions' expressions say of the devices."""
        found = self._verdicts.get(questions)
        if found is None:
            found = self._verdicts[questions] = Verdicts(self.features, questions)
        return found

    @property
    def pools(self) -> Mapping[PoolId, Iterable[InventorySlice]]:
        """All slices by pool, of every generation."""
        return self._of_pool

    def _concerning(self, node: Node) -> Iterable[InventorySlice]:
        if self.features.variant is Variant.STABLE:
            return self._slices
        return (*self._of_node.get(node.metadata.name, ()), *self._of_no_node)
