"""A node's disk as far as the driver writes to it: carries out effects, and fails or loses power where it is told."""

from __future__ import annotations

from collections.abc import Sequence

from dra_core.preparation import (
    Effect,
    EffectFailure,
    RemoveCdiSpec,
    SaveCheckpoint,
    SetAsideCheckpoint,
    WriteCdiSpec,
)


class NodeDisk:
    """Checkpoint, copies of damaged checkpoints, CDI directory."""

    def __init__(self) -> None:
        self.checkpoint: bytes | None = None
        self.set_aside: dict[str, bytes] = {}
        self.cdi: dict[str, str] = {}

    def carry_out(self, effects: Sequence[Effect], working: int | None = None) -> EffectFailure | None:
        """Carry out effects in order; with ``working``, only that many before the disk is full."""
        for position, effect in enumerate(effects):
            if position == working:
                return EffectFailure(effect, "no space left on device")
            self._apply(effect)
        return None

    def _apply(self, effect: Effect) -> None:
        match effect:
            case WriteCdiSpec(file_name=name, text=text):
                self.cdi[name] = text
            case RemoveCdiSpec(file_name=name):
                self.cdi.pop(name, None)
            case SaveCheckpoint(text=text):
                self.checkpoint = text.encode()
            case SetAsideCheckpoint(suffix=suffix):
                if self.checkpoint is not None:
                    self.set_aside.setdefault(suffix, self.checkpoint)
