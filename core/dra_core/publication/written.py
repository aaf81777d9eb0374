"""What the API server made of what we wrote.

It fills in defaults, writes quantities its own way and drops fields whose gate is off. What it answered to a spec is
remembered, so that a difference of its own making is not written again and again.
"""

from __future__ import annotations

import msgspec
from pyrsistent import PMap, PSet, pmap, pset

from dra_core.publication.effects import CreateSlice, UpdateSlice
from dra_core.refusal import Refusals
from dra_core.snapshot.json_value import JsonObject
from dra_core.snapshot.resource_slice import ResourceSliceSpec


class Acknowledged(msgspec.Struct, frozen=True):
    """The answers so far; begins empty, belongs to one process.

    Attributes:
        answers: By slice name: the spec that was sent and the spec that came back.
        reported: Kinds of dropped fields that were reported already.
    """

    answers: PMap[str, tuple[ResourceSliceSpec, ResourceSliceSpec]] = msgspec.field(default_factory=lambda: pmap({}))
    reported: PSet[str] = msgspec.field(default_factory=pset)


def acknowledge(
    acknowledged: Acknowledged, effect: CreateSlice | UpdateSlice, returned: JsonObject
) -> tuple[Acknowledged, Refusals]:
    """Remember the object that the API server returned for a write.

    Returns:
        The new memory, and one refusal (``FieldDropped``) for each kind of field that was dropped for the first time,
        with the feature gate that it needs. Log them; go on.
    """
    raise NotImplementedError
