"""Classic DRA: what a driver's controller answers to a PodSchedulingContext, to a claim, to a deletion.

    cluster = knowing(cluster, "ResourceClaim", value)      # for every object that is seen
    decision = decide_claim(cluster, (namespace, name))     # or decide_scheduling, for a PodSchedulingContext
    ... carry out decision.effects, learn what the writes returned with ``knowing``, decide again ...

A decision is a function of the cluster as it is known. It may be old: every write is made over the version that was
known, so that it either happens as decided or not at all.
"""

from dra_core.negotiation.claims import decide_claim
from dra_core.negotiation.cluster import ClassicCluster, KnownNode, Name
from dra_core.negotiation.concerned import Concerned, Subject, concerned, is_made_anew
from dra_core.negotiation.effects import (
    Decision,
    Effect,
    EmitEvent,
    PatchClaim,
    PatchClaimStatus,
    PatchContextStatus,
    PatchNodeState,
    Regarding,
    Write,
)
from dra_core.negotiation.knowing import Kind, forgetting, knowing, knowing_all, name_of, names_of
from dra_core.negotiation.scheduling import decide_scheduling

__all__ = [
    "ClassicCluster",
    "Concerned",
    "Decision",
    "Effect",
    "EmitEvent",
    "Kind",
    "KnownNode",
    "Name",
    "PatchClaim",
    "PatchClaimStatus",
    "PatchContextStatus",
    "PatchNodeState",
    "Regarding",
    "Subject",
    "Write",
    "concerned",
    "decide_claim",
    "decide_scheduling",
    "forgetting",
    "is_made_anew",
    "knowing",
    "knowing_all",
    "name_of",
    "names_of",
]
