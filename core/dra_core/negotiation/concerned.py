"""What has to be decided anew after a change: the object itself, whoever waits, claims that have lost their entries."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from dra_core.negotiation.cluster import ClassicCluster, Name
from dra_core.negotiation.knowing import Kind, name_of
from dra_core.snapshot.json_value import JsonObject, text_at

Subject: TypeAlias = tuple[Literal["ResourceClaim", "PodSchedulingContext"], Name]
"""What decisions are about."""


class Concerned(msgspec.Struct, frozen=True):
    """Who is concerned by a change; ``those_who_wait``: everybody whose last decision was waiting."""

    subjects: tuple[Subject, ...] = ()
    those_who_wait: bool = False


def concerned(before: ClassicCluster, after: ClassicCluster, kind: Kind, name: Name) -> Concerned:
    """Who is concerned when what is known of an object has changed."""
    if after is before:
        return Concerned()
    match kind:
        case "ResourceClaim":
            return Concerned(((kind, name),), those_who_wait=True)
        case "PodSchedulingContext":
            return Concerned(((kind, name),))
        case "NodeAllocationState":
            return Concerned(_without_entry(after, name[1]), those_who_wait=True)
        case "Pod":
            return Concerned()
        case _:
            return Concerned(those_who_wait=True)


def is_made_anew(cluster: ClassicCluster, value: JsonObject) -> bool:
    """Whether a NodeAllocationState is not the one that is known by its name.

    What was allocated on the node may have been lost with the old one. Before the new one is believed, the claims have
    to be read as they are now: they tell which devices are not free.
    """
    name = name_of("NodeAllocationState", value)
    known = cluster.state_of(name[1])
    return known is None or known.metadata.uid != text_at(value, "metadata", "uid")


def _without_entry(cluster: ClassicCluster, node_name: str) -> tuple[Subject, ...]:
    state, claims = cluster.state_of(node_name), cluster.on_nodes.get(node_name)
    if state is None or claims is None:
        return ()
    lost = (name for name, claim in claims.items() if claim.metadata.uid not in state.spec.allocated_claims)
    return tuple(("ResourceClaim", name) for name in lost)
