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
    """What is in the way on all the nodes, most frequent first."""
    counts: dict[str, int] = {}
    hints: dict[str, str] = {}
    for refusal in why:
        counts[refusal.seen] = counts.get(refusal.seen, 0) + 1
        hints[refusal.seen] = refusal.hint
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    seen = "; ".join(f"{count} node(s): {text}" for text, count in most) or "no node has a NodeAllocationState"
    advice = next((hints[text] for text, _ in most if hints[text]), "")
    return Refusal(
        code="NoNodeForClaim",
        fault=Fault.ENVIRONMENT,
        seen=f"it can be allocated nowhere: {seen}",
        hint=advice or "it is tried again when anything changes",
    )


def _cut(note: str) -> str:
    if len(note.encode()) <= _LONGEST_NOTE:
        return note
    return note.encode()[: _LONGEST_NOTE - 3].decode(errors="ignore") + "..."
