"""Claims that are prepared on a node though nobody uses them any more: the kubelet never asked to unprepare them.

It forgets to when it crashes between the plugin's answer and its own note of it, or loses its state. Such a claim keeps
its devices from everybody else. The plugin ends it, as the kubelet would have, under these rules:

- The claim is deserted as long as nobody has it reserved: it is gone, another one has its name, or ``reservedFor`` is
  empty. No kubelet prepares a claim for a pod that does not have it reserved (of either generation).
- A pod that was deleted by force has lost its reservation while its containers may still be running, so a claim has to
  be deserted for ``PATIENCE_SECONDS``, at every look. What could not be read says nothing.
- Then it is read once more while no prepare can run, and unprepared if it is deserted still.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from dra_core.snapshot.json_value import JsonObject, list_at, text_at

PATIENCE_SECONDS = 300.0
"""Longer than pods are given to end, unless somebody has raised that on purpose."""


class ClaimLook(msgspec.Struct, frozen=True):
    """What the API server says to the name of a prepared claim; None: there is no claim of that name."""

    claim: JsonObject | None


class Deserted(msgspec.Struct, frozen=True, kw_only=True):
    """What a look has found.

    Attributes:
        since: When each claim, by UID, was first seen deserted, on the clock of the looks; for the next look.
        overdue: Those to be unprepared now, if they are deserted still.
    """

    since: Mapping[str, float] = {}
    overdue: tuple[str, ...] = ()


def is_deserted(uid: str, look: ClaimLook) -> bool:
    """Whether nobody has the prepared claim reserved."""
    claim = look.claim
    return claim is None or text_at(claim, "metadata", "uid") != uid or not list_at(claim, "status", "reservedFor")


def look_for_deserted(
    looks: Mapping[str, ClaimLook | None], before: Mapping[str, float], now_seconds: float
) -> Deserted:
    """Which of the prepared claims are deserted, and for how long.

    Args:
        looks: For each claim that is prepared, by UID, what the API server says; None: it could not be asked.
        before: ``since`` of the look before; at the plugin's start: nothing.
        now_seconds: A clock that never goes back.
    """
    since: dict[str, float] = {}
    overdue: list[str] = []
    for uid, look in looks.items():
        if look is None:
            if uid in before:
                since[uid] = before[uid]
        elif is_deserted(uid, look):
            since[uid] = before.get(uid, now_seconds)
            if now_seconds - since[uid] >= PATIENCE_SECONDS:
                overdue.append(uid)
    return Deserted(since=since, overdue=tuple(overdue))
