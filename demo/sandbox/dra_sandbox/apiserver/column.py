"""A column of a table: how it is called, and what is in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

import msgspec
from dra_core.snapshot.json_value import Json, JsonObject, text_at

from dra_sandbox.apiserver.resources import PrinterColumn
from dra_sandbox.world.times import moment_of

Cell: TypeAlias = Callable[[JsonObject, datetime], Json]
WIDE = 1
"""Priority of columns that are shown by ``-o wide`` only."""


class Column(msgspec.Struct, frozen=True):
    """One column."""

    definition: PrinterColumn
    cell: Cell


def column(name: str, cell: Callable[[JsonObject], Json], *, wide: bool = False, kind: str = "string") -> Column:
    """A column whose content does not depend on the time."""
    definition = PrinterColumn(name=name, type=kind, priority=WIDE if wide else 0)
    return Column(definition, lambda value, _now: cell(value))


def text_column(name: str, *path: str, absent: str = "<none>", wide: bool = False) -> Column:
    """A column that shows one text of the object."""
    return column(name, lambda value: text_at(value, *path) or absent, wide=wide)


def since_column(name: str, *path: str) -> Column:
    """A column that says how long ago something was."""
    return Column(PrinterColumn(name=name, type="string"), lambda value, now: age(text_at(value, *path), now))


def age(written: str, now: datetime) -> str:
    """How long ago, in the words of kubectl."""
    moment = moment_of(written)
    return "<unknown>" if moment is None else duration(int((now - moment).total_seconds()))


def duration(seconds: int) -> str:
    """At most two units, the smaller one only while it matters (apimachinery duration.HumanDuration)."""
    if seconds < -1:
        return "<invalid>"
    if seconds < 120:
        return f"{max(seconds, 0)}s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 10:
        return _units(minutes, "m", seconds % 60, "s")
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return _units(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _units(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    return _units(days // 365, "y", days % 365, "d") if days < 8 * 365 else f"{days // 365}y"


def _units(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"


NAME = Column(
    PrinterColumn(name="Name", type="string", format="name"), lambda value, _now: text_at(value, "metadata", "name")
)
AGE = since_column("Age", "metadata", "creationTimestamp")
CREATED = text_column("Created At", "metadata", "creationTimestamp")
