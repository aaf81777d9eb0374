"""The flags of every program that logs."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec

import click

from dra_logs import FORMS, LEVELS

Arguments = ParamSpec("Arguments")

_level = click.option("--log-level", envvar="LOG_LEVEL", default="info", show_envvar=True,
                      type=click.Choice(LEVELS), help="What is logged.")  # fmt: skip
_form = click.option("--log-format", envvar="LOG_FORMAT", default="json", show_envvar=True,
                     type=click.Choice(FORMS), help="JSON for machines, console for people.")  # fmt: skip


def log_flags(program: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """Add ``--log-level`` and ``--log-format``, with twins in the environment; what ``log_to_stderr`` takes."""
    return _level(_form(program))
