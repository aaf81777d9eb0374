"""What the shell does to the node's disk, as data.

Every effect is idempotent and atomic: after a crash of the process it has happened or it has not (a temporary file in
the same directory, renamed). What becomes of the checkpoint also outlives a power cut (file and directory are flushed);
CDI files may be lost or come back then, for ``restore`` puts them right before anything is served.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class SetAsideCheckpoint(msgspec.Struct, frozen=True):
    """Copy the checkpoint file, byte for byte, to ``<checkpoint>.<suffix>`` beside it; leave the original in place.

    If the copy is there already, do nothing. If the checkpoint is gone, do nothing.
    """

    suffix: str


class SaveCheckpoint(msgspec.Struct, frozen=True):
    """Replace the checkpoint file by this text (UTF-8)."""

    text: str


class WriteCdiSpec(msgspec.Struct, frozen=True):
    """Write, or replace, a file of the CDI directory."""

    file_name: str
    text: str


class RemoveCdiSpec(msgspec.Struct, frozen=True):
    """Remove a file of the CDI directory; success if there is none."""

    file_name: str


Effect: TypeAlias = SetAsideCheckpoint | SaveCheckpoint | WriteCdiSpec | RemoveCdiSpec


class EffectFailure(msgspec.Struct, frozen=True):
    """An effect that could not be carried out; ``why`` is the operating system's reason, for people."""

    effect: Effect
    why: str
