"""What people are told: events on a claim or pod that say why it cannot be served."""

from __future__ import annotations

from collections.abc import Iterable

from dra_core.negotiation.effects import EmitEvent, Regarding
from dra_core.refusal import Fault, Refusal, Refusals, sentences
from dra_core.snapshot.metadata import ObjectMeta

REASON = "Failed"
"""Of events about claims and pods that cannot be served; drivers of that time say the same."""

_LONGEST_NOTE = 1024
"""events.k8s.io/v1, ``note``."""


def complaint(meta: ObjectMeta, api_version: str, kind: str, faults: Refusals) -> EmitEvent:
    """An event that says what is wrong."""
    return EmitEvent(
        regarding=Regarding(api_version=api_version, kind=kind, namespace=meta.namespace, name=meta.name, uid=meta.uid),
        reason=REASON,
        note=_cut(sentences(faults)),
    )


def nowhere(why: Iterable[Refusal]) -> Refusal:
    """What is in the way on all the nodes, most frequent first; where it is in one place only, in which."""
    found: dict[str, list[Refusal]] = {}
    for refusal in why:
        found.setdefault(refusal.seen, []).append(refusal)
    most = sorted(found.values(), key=lambda alike: (-len(alike), alike[0].seen))
    texts = [
        f"{len(alike)} nodes: {alike[0].seen}" if len(alike) > 1 else f"{alike[0].path}: {alike[0].seen}"
        for alike in most
    ]
    advice = next((alike[0].hint for alike in most if alike[0].hint), "")
    return Refusal(
        code="NoNodeForClaim",
        fault=Fault.ENVIRONMENT,
        seen=f"it can be allocated nowhere: {'; '.join(texts) or 'no node has a NodeAllocationState'}",
        hint=advice or "it is tried again when anything changes",
    )


def _cut(note: str) -> str:
    if len(note.encode()) <= _LONGEST_NOTE:
        return note
    return note.encode()[: _LONGEST_NOTE - 3].decode(errors="ignore") + "..."
