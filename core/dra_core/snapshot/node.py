"""Node (core/v1): the part that decides about devices and placement. Other fields are left out."""

from __future__ import annotations

from collections.abc import Mapping

from dra_core.snapshot.api_record import PartialApiRecord
from dra_core.snapshot.metadata import ObjectMeta
from dra_core.snapshot.quantity import Amount


class NodeTaint(PartialApiRecord, frozen=True, kw_only=True):
    """A taint of the node (not of a device)."""

    key: str
    value: str = ""
    effect: str = ""


class NodeSpec(PartialApiRecord, frozen=True, kw_only=True):
    """Whether pods may come."""

    unschedulable: bool = False
    taints: tuple[NodeTaint, ...] = ()


class NodeStatus(PartialApiRecord, frozen=True, kw_only=True):
    """What the node offers."""

    allocatable: Mapping[str, Amount] = {}
    declared_features: tuple[str, ...] = ()


class Node(PartialApiRecord, frozen=True, kw_only=True):
    """A node as allocation sees it."""

    api_version: str = "v1"
    kind: str = "Node"
    metadata: ObjectMeta
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()
