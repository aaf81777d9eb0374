"""Lists of names in sentences."""

from __future__ import annotations

from collections.abc import Sequence

NAMES_IN_A_LINE = 5


def in_a_line(names: Sequence[str]) -> str:
    """The first names, and how many more."""
    more = len(names) - NAMES_IN_A_LINE
    return ", ".join(names[:NAMES_IN_A_LINE]) + (f" and {more} more" if more > 0 else "")
