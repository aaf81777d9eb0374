"""The health of mock devices: a file in a directory makes the device of that name unhealthy, its text says why.

A real driver asks its hardware instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

UNHEALTHY = "unhealthy"
"""The directory's usual name, below the driver's own."""

DEFAULT_MESSAGE = "marked unhealthy"
LONGEST_TEXT = 4096
"""Characters of a file that are read: more than any message may have."""


class HealthFiles:
    """Reads the directory at each call; with none given, the one of the usual name."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory

    def __call__(self, data_directory: Path) -> Mapping[str, str]:
        """By name of the file: its text."""
        try:
            return {path.name: _text(path) for path in (self._directory or data_directory / UNHEALTHY).iterdir()}
        except OSError:
            return {}  # no directory: nobody complains of a device


def _text(path: Path) -> str:
    try:
        with path.open(errors="replace") as file:
            return file.read(LONGEST_TEXT).strip() or DEFAULT_MESSAGE
    except OSError as error:
        return f"{DEFAULT_MESSAGE} ({error.strerror})"
