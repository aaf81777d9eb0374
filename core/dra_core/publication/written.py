"""What the API server made of what we wrote.

It fills in defaults, writes quantities its own way and drops fields whose gate is off. What it answered to a spec is
remembered, so that a difference of its own making is not written again and again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from pyrsistent import PMap, PSet, pmap, pset
from returns.result import Success

from dra_core.publication.effects import CreateSlice, UpdateSlice
from dra_core.publication.slice_names import index_of
from dra_core.refusal import Fault, Refusal, Refusals, join
from dra_core.snapshot.codec import decode_reporting
from dra_core.snapshot.first_use import make_ready
from dra_core.snapshot.json_value import Json, JsonObject, object_at, text_at
from dra_core.snapshot.resource_slice import ResourceSliceSpec

SlicePosition = tuple[str, int | None]
"""Pool name and index: stays the same when a slice is made anew."""

_GATES = {
    "taints": "DRADeviceTaints",
    "bindsToNode": "DRADeviceBindingConditions",
    "bindingConditions": "DRADeviceBindingConditions",
    "bindingFailureConditions": "DRADeviceBindingConditions",
    "allowMultipleAllocations": "DRAConsumableCapacity",
    "requestPolicy": "DRAConsumableCapacity",
    "consumesCounters": "DRAPartitionableDevices",
    "sharedCounters": "DRAPartitionableDevices",
    "perDeviceNodeSelection": "DRAPartitionableDevices",
    "compatibilityGroups": "DRADeviceCompatibilityGroups",
    "partitionTypeAttribute": "DRAPartitionableDevicesType",
    "nodeAllocatableResources": "DRANodeAllocatableResources",
    "nodeAllocatableResourceMappings": "DRANodeAllocatableResources",
    "skipNodeOperations": "DRAOptionalNodeOperations",
    "ints": "DRAListTypeAttributes",
    "bools": "DRAListTypeAttributes",
    "strings": "DRAListTypeAttributes",
    "versions": "DRAListTypeAttributes",
}
"""The feature gate that each optional field of a slice needs (k8s.io/kubernetes pkg/features)."""


make_ready(ResourceSliceSpec)


class Acknowledged(msgspec.Struct, frozen=True):
    """The answers so far; begins empty, belongs to one process.

    Attributes:
        answers: By pool and index: the spec that was sent and the spec that came back.
        reported: Kinds of dropped fields that were reported already.
    """

    answers: PMap[SlicePosition, tuple[ResourceSliceSpec, ResourceSliceSpec]] = msgspec.field(
        default_factory=lambda: pmap({})
    )
    reported: PSet[str] = msgspec.field(default_factory=pset)

    def explains(self, position: SlicePosition, wanted: ResourceSliceSpec, found: ResourceSliceSpec) -> bool:
        """Whether what is found is what the API server answered when it was sent what is wanted."""
        return self.answers.get(position) == (wanted, found)


def acknowledge(
    acknowledged: Acknowledged, effect: CreateSlice | UpdateSlice, returned: JsonObject
) -> tuple[Acknowledged, Refusals]:
    """Remember the object that the API server returned for a write.

    Returns:
        The new memory, and one refusal (``FieldDropped``) for each kind of field that was dropped for the first time,
        with the feature gate that it needs. Log them; go on.
    """
    sent_spec, returned_spec = object_at(effect.object, "spec"), object_at(returned, "spec")
    dropped = {kind for kind in _missing(sent_spec, returned_spec, "spec") if kind not in acknowledged.reported}
    answers = acknowledged.answers
    sent, came_back = decode_reporting(ResourceSliceSpec, sent_spec), decode_reporting(ResourceSliceSpec, returned_spec)
    if isinstance(sent, Success) and isinstance(came_back, Success):
        position = (text_at(returned_spec, "pool", "name"), index_of(text_at(returned, "metadata", "name")))
        answers = answers.set(position, (sent.unwrap().record, came_back.unwrap().record))
    reported = acknowledged.reported.update(dropped)
    return Acknowledged(answers, reported), tuple(_dropped(kind) for kind in sorted(dropped))


def _missing(sent: Json, returned: Json, path: str) -> Iterator[str]:
    """Paths, without list positions, of what was sent and did not come back."""
    if isinstance(sent, Mapping) and isinstance(returned, Mapping):
        for key, value in sent.items():
            if key in returned:
                yield from _missing(value, returned[key], join(path, key))
            else:
                yield join(path, key)
    elif isinstance(sent, Sequence) and isinstance(returned, Sequence) and not isinstance(sent, str):
        for one, other in zip(sent, returned, strict=False):
            yield from _missing(one, other, f"{path}[]")


def _dropped(kind: str) -> Refusal:
    gate = _GATES.get(kind.rpartition(".")[2])
    return Refusal(
        code="FieldDropped",
        fault=Fault.ADMINISTRATOR,
        path=kind,
        seen="the API server did not keep the field",
        hint=f"enable the feature gate {gate}" if gate else "the API server may be too old for it",
    )
