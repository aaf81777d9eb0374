"""How answers are printed: tables for people, JSON and YAML for machines."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence

import click
import msgspec
from click.decorators import FC
from dra_core.snapshot.json_value import JsonObject

_GAP = "   "
_LEAST = 12  # characters that a column keeps, however narrow the terminal is


def output_option(*formats: str) -> Callable[[FC], FC]:
    """``-o`` with json, yaml and further formats."""
    return click.option(
        "-o",
        "--output",
        "form",
        type=click.Choice(["text", "json", "yaml", *formats]),
        default="text",
        show_default=True,
        help="Format of the answer.",
    )


def print_value(value: msgspec.Struct | Sequence[msgspec.Struct] | JsonObject, form: str) -> None:
    """The value as JSON or YAML; its shape is that of the records of dra_core.planning."""
    click.echo(value_text(value, form))


def value_text(value: msgspec.Struct | Sequence[msgspec.Struct] | JsonObject, form: str) -> str:
    """The same as text."""
    encoded = msgspec.json.encode(value)
    if form == "json":
        return msgspec.json.format(encoded, indent=2).decode()
    return as_yaml(msgspec.json.decode(encoded)).removesuffix("\n")


def as_yaml(value: object) -> str:
    """YAML as kubectl prints it."""
    import yaml

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(
        yaml.dump(value, Dumper=dumper, sort_keys=False, default_flow_style=False, allow_unicode=True, width=2**20)
    )


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as kubectl aligns them; on a terminal the last one is cut to the width."""
    cells = [list(header), *(list(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = [_GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    if sys.stdout.isatty():
        most = max(shutil.get_terminal_size().columns, _LEAST * len(header))
        lines = [line if len(line) <= most else f"{line[: most - 1]}…" for line in lines]
        lines[0] = click.style(lines[0], bold=True)
    return "\n".join(lines)


def wrapped(text: str, indent: str = "") -> str:
    """Text in lines of the terminal's width; unbroken where nobody looks."""
    if not sys.stdout.isatty():
        return f"{indent}{text}"
    import textwrap

    width = max(shutil.get_terminal_size().columns, 40)
    return textwrap.fill(text, width, initial_indent=indent, subsequent_indent=f"{indent}  ", break_long_words=False)
