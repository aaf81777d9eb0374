"""Structured logs on stderr: JSON for machines, colours for people."""

from __future__ import annotations

import logging
import sys
from typing import Protocol

import structlog


class Log(Protocol):
    """Where events go; values are what JSON can hold."""

    def debug(self, event: str, **values: object) -> None: ...  # noqa: D102  as the name says
    def info(self, event: str, **values: object) -> None: ...  # noqa: D102  as the name says
    def warning(self, event: str, **values: object) -> None: ...  # noqa: D102  as the name says
    def error(self, event: str, **values: object) -> None: ...  # noqa: D102  as the name says


def log_to_stderr(level: str, form: str, **always: object) -> Log:
    """A log; ``level`` debug, info, warning or error, ``form`` json or console; ``always`` is in every line."""
    people = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    last: structlog.typing.Processor = structlog.processors.JSONRenderer() if form == "json" else people
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(),
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    bound: Log = structlog.get_logger().bind(**always)
    return bound
