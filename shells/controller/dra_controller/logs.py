"""Structured logs on stderr: a line of JSON for machines, or a line for people.

No library: the ones there are cost a fifth of the controller's memory.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Literal, TypeAlias

import msgspec

Level: TypeAlias = Literal["debug", "info", "warning", "error"]
Form: TypeAlias = Literal["json", "console"]
LEVELS: tuple[Level, ...] = ("debug", "info", "warning", "error")
FORMS: tuple[Form, ...] = ("json", "console")


class Log:
    """Where events go; threads share it. Values are what JSON can hold; others are told as texts."""

    def __init__(self, least: Level, form: Form, write: Callable[[str], object]) -> None:
        self._least = LEVELS.index(least)
        self._line = _json_line if form == "json" else _console_line
        self._write = write
        self._lock = threading.Lock()

    def debug(self, event: str, **values: object) -> None:
        """For whoever looks for a fault."""
        self._tell("debug", event, values)

    def info(self, event: str, **values: object) -> None:
        """What was done."""
        self._tell("info", event, values)

    def warning(self, event: str, **values: object) -> None:
        """What did not go well, and is tried again."""
        self._tell("warning", event, values)

    def error(self, event: str, **values: object) -> None:
        """What somebody has to look at."""
        self._tell("error", event, values)

    def _tell(self, level: Level, event: str, values: Mapping[str, object]) -> None:
        if LEVELS.index(level) < self._least:
            return
        line = self._line(datetime.now(UTC), level, event, values)
        with self._lock:
            self._write(line)


def log_to_stderr(least: Level, form: Form) -> Log:
    """A log of what is at least of this level."""

    def write(line: str) -> None:
        sys.stderr.write(line)
        sys.stderr.flush()

    return Log(least, form, write)


def _json_line(now: datetime, level: Level, event: str, values: Mapping[str, object]) -> str:
    said = {"timestamp": now.isoformat().replace("+00:00", "Z"), "level": level, "event": event, **values}
    return msgspec.json.encode(said, enc_hook=str).decode() + "\n"


def _console_line(now: datetime, level: Level, event: str, values: Mapping[str, object]) -> str:
    more = "".join(f"  {name}={value}" for name, value in values.items())
    return f"{now:%H:%M:%S} {level:7} {event}{more}\n"
