"""What a controller of classic DRA knows of the cluster when it decides.

Everything may be a little old, each kind of objects by another age: what is decided is written only over the versions
that are in here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import msgspec
from pyrsistent import PMap, pmap
from returns.result import Result, Success

from dra_core.allocation.selectors import Questions
from dra_core.negotiation.parameters import ClaimWishes, ClassWishes
from dra_core.refusal import Refusals
from dra_core.snapshot.classic_claim import ClassicClaim
from dra_core.snapshot.classic_class import ClassicClass
from dra_core.snapshot.classic_node_state import NodeAllocationState
from dra_core.snapshot.classic_scheduling import ClassicPod, PodSchedulingContext
from dra_core.snapshot.node import Node

Name: TypeAlias = tuple[str, str]
"""Namespace ("" for objects without) and name."""


class KnownNode(msgspec.Struct, frozen=True):
    """A node, and whether its kubelet says that it is ready."""

    node: Node
    ready: bool


class ClassicCluster(msgspec.Struct, frozen=True, kw_only=True):
    """Objects by name, and ``knowing`` keeps them up to date.

    Those without a namespace, and the states of nodes, go by ("", name). Of parameters and states that cannot be read
    it is known what is wrong with them.

    Attributes:
        driver_name: Whose claims are decided about.
        questions: What CEL answered so far.
        claims: ResourceClaims of all drivers.
        classes: ResourceClasses of all drivers.
        contexts: PodSchedulingContexts.
        pods: At least the pod of the context that is decided about, as it is now.
        claim_parameters: GpuClaimParameters.
        class_parameters: DeviceClassParameters.
        node_states: NodeAllocationStates of the driver's namespace.
        nodes: Nodes.
        on_nodes: The driver's allocated claims, by node name and claim name.
    """

    driver_name: str
    questions: Questions
    claims: PMap[Name, ClassicClaim] = pmap()
    classes: PMap[Name, ClassicClass] = pmap()
    contexts: PMap[Name, PodSchedulingContext] = pmap()
    pods: PMap[Name, ClassicPod] = pmap()
    claim_parameters: PMap[Name, Result[ClaimWishes, Refusals]] = pmap()
    class_parameters: PMap[Name, Result[ClassWishes, Refusals]] = pmap()
    node_states: PMap[Name, Result[NodeAllocationState, Refusals]] = pmap()
    nodes: PMap[Name, KnownNode] = pmap()
    on_nodes: PMap[str, PMap[Name, ClassicClaim]] = pmap()

    @property
    def finalizer(self) -> str:
        """What keeps a claim until its devices are taken back; the name that drivers of that time use."""
        return f"{self.driver_name}/deletion-protection"

    def state_of(self, node_name: str) -> NodeAllocationState | None:
        """The node's state; None: there is none that can be read."""
        found = self.node_states.get(("", node_name))
        return found.unwrap() if isinstance(found, Success) else None

    def states(self) -> Iterator[NodeAllocationState]:
        """All states that can be read."""
        return (found.unwrap() for found in self.node_states.values() if isinstance(found, Success))
