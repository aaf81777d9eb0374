"""Structured logs on stderr: a JSON object a line for machines, or lines for people.

Written here, for the loggers there are cost a tenth of the plugin's memory (structlog: 3 MiB, with asyncio).
"""

from __future__ import annotations

import datetime
import logging
import sys
import threading
from typing import Protocol, TextIO

import msgspec
from dra_core.snapshot.json_value import Json

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
"""As in the standard library, whose records come here too."""


class Log(Protocol):
    """Where events go; values are what JSON can hold."""

    def debug(self, event: str, **values: Json) -> None: ...  # noqa: D102  as the name says
    def info(self, event: str, **values: Json) -> None: ...  # noqa: D102  as the name says
    def warning(self, event: str, **values: Json) -> None: ...  # noqa: D102  as the name says
    def error(self, event: str, **values: Json) -> None: ...  # noqa: D102  as the name says


def log_to_stderr(level: str, form: str, **always: Json) -> Log:
    """A log; ``level`` debug, info, warning or error, ``form`` json or console; ``always`` is in every line.

    Records of the standard library's loggers from warnings on (gRPC's, when a call ends in a bug) become lines too.
    """
    log = _StreamLog(sys.stderr, LEVELS[level], form == "json", always)
    root = logging.getLogger()
    root.handlers[:] = [_Records(log)]
    root.setLevel(logging.WARNING)
    return log


class _StreamLog:
    """Threads may share it: a line is written at once."""

    def __init__(self, stream: TextIO, least: int, as_json: bool, always: dict[str, Json]) -> None:
        self._stream = stream
        self._least = least
        self._as_json = as_json
        self._always = always
        self._lock = threading.Lock()

    def debug(self, event: str, **values: Json) -> None:
        self.write("debug", event, values)

    def info(self, event: str, **values: Json) -> None:
        self.write("info", event, values)

    def warning(self, event: str, **values: Json) -> None:
        self.write("warning", event, values)

    def error(self, event: str, **values: Json) -> None:
        self.write("error", event, values)

    def write(self, level: str, event: str, values: dict[str, Json]) -> None:
        if LEVELS[level] < self._least:
            return
        time = datetime.datetime.now(datetime.UTC).isoformat().replace("+00:00", "Z")
        if self._as_json:
            line = _text({"timestamp": time, "level": level, "event": event, **self._always, **values})
        else:
            line = " ".join([time, f"{level:7}", event, *(f"{name}={_text(value)}" for name, value in values.items())])
        with self._lock:
            self._stream.write(line + "\n")
            self._stream.flush()


class _Records(logging.Handler):
    def __init__(self, log: _StreamLog) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        values: dict[str, Json] = {"logger": record.name}
        if record.exc_info:
            values["traceback"] = logging.Formatter().formatException(record.exc_info)
        self._log.write("error" if record.levelno >= logging.ERROR else "warning", record.getMessage(), values)


def _text(value: Json) -> str:
    return msgspec.json.encode(value).decode()
