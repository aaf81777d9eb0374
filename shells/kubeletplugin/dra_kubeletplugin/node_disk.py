"""The node's disk as the core sees it: a checkpoint, a CDI directory, and effects on both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from dra_core.preparation import (
    Effect,
    EffectFailure,
    RemoveCdiSpec,
    SaveCheckpoint,
    SetAsideCheckpoint,
    WriteCdiSpec,
)

from dra_kubeletplugin import durable_files

CHECKPOINT_MODE = 0o600
CDI_MODE = 0o644
"""Container runtimes may run as another user (rootless), and CDI files hold no secrets."""


class NodeDisk(msgspec.Struct, frozen=True, kw_only=True):
    """Where the checkpoint and the CDI files are.

    The checkpoint outlives a power cut. CDI files need not (and are on a tmpfs, mostly): at the next start they are
    made again from the checkpoint, and containers that used them have ended.
    """

    checkpoint: Path
    cdi_root: Path

    def read_checkpoint(self) -> bytes | None:
        """The checkpoint's content, None if there is none; OSError if it cannot be read."""
        return durable_files.read(self.checkpoint)

    def cdi_file_names(self) -> tuple[str, ...]:
        """All names in the CDI directory; none if there is no directory."""
        try:
            return tuple(entry.name for entry in self.cdi_root.iterdir())
        except FileNotFoundError:
            return ()

    def cdi_files(self, prefix: str) -> Mapping[str, str | None]:
        """Texts of the CDI files whose names begin so; None where a file cannot be read."""
        return {name: _text(self.cdi_root / name) for name in self.cdi_file_names() if name.startswith(prefix)}

    def remove_leftovers(self, prefix: str) -> None:
        """Remove temporary files of an instance that died while it wrote."""
        hidden = durable_files.temporary_name(prefix).removesuffix(".tmp")
        for name in self.cdi_file_names():
            if name.startswith(hidden) and name.endswith(".tmp"):
                durable_files.remove(self.cdi_root / name)

    def carry_out(self, effects: Iterable[Effect]) -> EffectFailure | None:
        """Carry effects out in their order, up to the first that fails."""
        for effect in effects:
            try:
                self._carry_out(effect)
            except OSError as error:
                return EffectFailure(effect, _reason(error))
        return None

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case WriteCdiSpec(file_name=name, text=text):
                self.cdi_root.mkdir(parents=True, exist_ok=True)
                durable_files.replace(self.cdi_root / name, text.encode(), CDI_MODE, durable=False)
            case RemoveCdiSpec(file_name=name):
                durable_files.remove(self.cdi_root / name)
            case SaveCheckpoint(text=text):
                durable_files.replace(self.checkpoint, text.encode(), CHECKPOINT_MODE, durable=True)
            case SetAsideCheckpoint(suffix=suffix):
                copy = self.checkpoint.with_name(f"{self.checkpoint.name}.{suffix}")
                content = self.read_checkpoint()
                if content is not None and not copy.exists():
                    durable_files.replace(copy, content, CHECKPOINT_MODE, durable=True)


def _text(path: Path) -> str | None:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return None


def _reason(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"
