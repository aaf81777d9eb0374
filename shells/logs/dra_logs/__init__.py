"""Structured logs on stderr, through the standard library: a JSON object a line for machines, or a line for people.

structlog would do it too, and costs 3 MiB in a plugin that runs on every node of a cluster.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Literal, Protocol, TextIO, TypeAlias

import msgspec

Level: TypeAlias = Literal["debug", "info", "warning", "error"]
Form: TypeAlias = Literal["json", "console"]
LEVELS: tuple[Level, ...] = ("debug", "info", "warning", "error")
FORMS: tuple[Form, ...] = ("json", "console")

NAME = "drakit"
"""Of the logger; records of all others are told from warnings on, with theirs."""

_SAID = "drakit_said"

Values: TypeAlias = Mapping[str, object]
Line: TypeAlias = Callable[[datetime, str, str, Values, Values], str]
"""From time, level, event, what is always said, and what is said now."""


class Log(Protocol):
    """Where events go; threads share it. Values are what JSON can hold; others are told as texts."""

    def debug(self, event: str, **values: object) -> None:
        """For whoever looks for a fault."""
        ...

    def info(self, event: str, **values: object) -> None:
        """What was done."""
        ...

    def warning(self, event: str, **values: object) -> None:
        """What did not go well, and is tried again."""
        ...

    def error(self, event: str, **values: object) -> None:
        """What somebody has to look at."""
        ...


def log_to_stderr(least: Level, form: Form, **always: object) -> Log:
    """A log of what is at least of this level; ``always`` is in every line of JSON.

    Records of other loggers from warnings on (gRPC's, when a call ends in a bug) become lines too.
    """
    return log_to(sys.stderr, least, form, **always)


def log_to(stream: TextIO, least: Level, form: Form, **always: object) -> Log:
    """The same, elsewhere."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Lines(_json_line if form == "json" else _console_line))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(NAME).setLevel(least.upper())
    return _OfLibrary(always)


class _OfLibrary:
    def __init__(self, always: Values) -> None:
        self._logger = logging.getLogger(NAME)
        self._always = always

    def debug(self, event: str, **values: object) -> None:
        self._tell(logging.DEBUG, event, values)

    def info(self, event: str, **values: object) -> None:
        self._tell(logging.INFO, event, values)

    def warning(self, event: str, **values: object) -> None:
        self._tell(logging.WARNING, event, values)

    def error(self, event: str, **values: object) -> None:
        self._tell(logging.ERROR, event, values)

    def _tell(self, level: int, event: str, values: Values) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.log(level, "%s", event, extra={_SAID: (self._always, values)})


class _Lines(logging.Formatter):
    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def format(self, record: logging.LogRecord) -> str:
        said: tuple[Values, Values] = getattr(record, _SAID, ({}, {"logger": record.name}))
        always, values = said
        if record.exc_info:
            values = {**values, "traceback": self.formatException(record.exc_info)}
        when = datetime.fromtimestamp(record.created, UTC)
        return self._line(when, record.levelname.lower(), record.getMessage(), always, values)


def _json_line(when: datetime, level: str, event: str, always: Values, values: Values) -> str:
    said = {"timestamp": when.isoformat().replace("+00:00", "Z"), "level": level, "event": event, **always, **values}
    return msgspec.json.encode(said, enc_hook=str).decode()


def _console_line(when: datetime, level: str, event: str, _: Values, values: Values) -> str:
    more = "".join(f"  {name}={msgspec.json.encode(value, enc_hook=str).decode()}" for name, value in values.items())
    return f"{when:%H:%M:%S} {level:7} {event}{more}"
