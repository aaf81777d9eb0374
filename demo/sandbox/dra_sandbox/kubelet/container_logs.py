"""Container logs: lines with the time they came, as the CRI writes them, and the lines that somebody asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import msgspec

from dra_sandbox.world.times import micro_stamp, moment_of


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What of a log is asked for (core/v1 PodLogOptions)."""

    tail_lines: int | None = None
    since: datetime | None = None
    timestamps: bool = False
    limit_bytes: int | None = None


def log_line(line: bytes, moment: datetime) -> bytes:
    """``<time> stdout F <line>``: the format of kubelet log files; P marks a line without an end."""
    mark = b"F" if line.endswith(b"\n") else b"P"
    return micro_stamp(moment).encode() + b" stdout " + mark + b" " + line.rstrip(b"\n") + b"\n"


def chosen(lines: Iterable[bytes], wanted: Wanted) -> Iterator[bytes]:
    """What to show of lines of a log file, in their order."""
    kept = [line for line in lines if wanted.since is None or _since(line, wanted.since)]
    if wanted.tail_lines is not None:
        kept = kept[len(kept) - min(wanted.tail_lines, len(kept)) :]
    left = wanted.limit_bytes
    for line in kept:
        text = shown(line, wanted.timestamps)
        if left is not None:
            text = text[:left]
            left -= len(text)
        if text:
            yield text


def shown(line: bytes, timestamps: bool) -> bytes:
    """A line of the file as its reader sees it."""
    moment, _, rest = line.partition(b" ")
    _, _, marked = rest.partition(b" ")
    mark, _, text = marked.partition(b" ")
    text = text.rstrip(b"\n") + (b"\n" if mark == b"F" else b"")
    return moment + b" " + text if timestamps else text


def _since(line: bytes, since: datetime) -> bool:
    moment = moment_of(line.partition(b" ")[0].decode(errors="replace"))
    return moment is None or moment >= since


def since_seconds(now: datetime, seconds: int | None) -> datetime | None:
    """The moment that ``sinceSeconds`` means."""
    return None if seconds is None else now - timedelta(seconds=seconds)
