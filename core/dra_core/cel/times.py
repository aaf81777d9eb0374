"""Timestamps and durations: reading, writing, parts."""

from __future__ import annotations

import datetime
import re

from dra_core.cel.operators import quoted, unconverted
from dra_core.cel.values import (
    FIRST,
    MOST,
    SECOND,
    Duration,
    EvaluationError,
    Timestamp,
    Value,
    checked_int,
    checked_moment,
    no_such_overload,
)

_UNITS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3600 * SECOND,
}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d?):(\d\d):(\d\d)([.,]\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_CYCLE, _CYCLE_YEARS = 146097 * 86400, 400  # the calendar repeats itself after so many seconds
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def duration(value: Value) -> Value:
    """``duration("1h30m")``: what Go's time.ParseDuration reads."""
    if isinstance(value, Duration):
        return value
    if not isinstance(value, str):
        raise no_such_overload()
    sign, rest = (-1, value[1:]) if value[:1] == "-" else (1, value.removeprefix("+"))
    if rest == "0":
        return Duration(0)
    position, total = 0, 0
    while position < len(rest):
        part = _PART.match(rest, position)
        if part is None:
            break
        whole, _, fraction = part[1].partition(".")
        unit = _UNITS[part[2]]
        total += int(whole or 0) * unit + _fraction(fraction, unit)
        position = part.end()
    if not rest or position < len(rest):
        raise unconverted(value, "google.protobuf.Duration")
    return Duration(checked_int(sign * total))


def _fraction(digits: str, unit: int) -> int:
    """A part of a unit: Go reckons in float64, and passes over digits that an int64 cannot hold."""
    value, scale = 0, 1.0
    for digit in digits:
        longer = value * 10 + int(digit)
        if longer > MOST + 1:
            break
        value, scale = longer, scale * 10
    return int(float(value) * (unit / scale))


def timestamp(value: Value) -> Value:
    """``timestamp("2026-01-02T03:04:05Z")`` or of seconds since 1970."""
    if isinstance(value, Timestamp):
        return value
    if type(value) is int:
        return checked_moment(value * SECOND)
    if not isinstance(value, str):
        raise no_such_overload()
    parts = _MOMENT.fullmatch(value)
    if parts is None:
        raise unconverted(value, "google.protobuf.Timestamp")
    try:
        year, month, day, hour, minute, second = (int(parts[index]) for index in range(1, 7))
        moment = datetime.datetime(year, month, day, hour, minute, second, tzinfo=datetime.UTC)
    except ValueError:
        raise unconverted(value, "google.protobuf.Timestamp") from None
    fraction = (parts[7] or ".0")[1:10].ljust(9, "0")
    zone = parts[8]
    offset = 0 if zone == "Z" else (int(zone[1:3]) * 60 + int(zone[4:6])) * (-60 if zone[0] == "-" else 60)
    seconds = int((moment - _EPOCH).total_seconds()) - offset
    return checked_moment(seconds * SECOND + int(fraction))


def time_text(value: Duration | Timestamp) -> str:
    """A duration as seconds (``5.5s``), a timestamp as RFC 3339."""
    seconds, nanos = divmod(abs(value.nanos) if isinstance(value, Duration) else value.nanos, SECOND)
    fraction = f".{nanos:09d}".rstrip("0") if nanos else ""
    if isinstance(value, Duration):
        return f"{'-' if value.nanos < 0 else ''}{seconds}{fraction}s"
    moment = _EPOCH + datetime.timedelta(seconds=seconds)
    return f"{moment.year:04d}{moment:-%m-%dT%H:%M:%S}{fraction}Z"


def _moment(value: Timestamp, zone: Value) -> tuple[datetime.datetime, int]:
    """The moment as clocks in the zone show it, in the first 400 years, and how many years to add."""
    cycles, seconds = divmod(value.nanos // SECOND + _offset(zone) - FIRST, _CYCLE)
    return _EPOCH + datetime.timedelta(seconds=FIRST + seconds), cycles * _CYCLE_YEARS


def _offset(zone: Value) -> int:
    """Seconds east of UTC, as cel-go reads ``+02:00`` (or ``2:0``)."""
    if zone is None or zone in ("", "UTC"):
        return 0
    if not isinstance(zone, str):
        raise no_such_overload()
    hours, colon, minutes = zone.partition(":")
    if not colon:
        # Names of zones need the zone database of some machine; the core reads no files.
        raise EvaluationError(f"unknown time zone {zone}")
    hour, minute = _whole(hours), _whole(minutes)
    return (hour * 60 + (-minute if zone[0] == "-" else minute)) * 60


def _whole(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,9}", text):
        raise EvaluationError(f"strconv.Atoi: parsing {quoted(text)}: invalid syntax")
    return int(text)


def part(name: str, value: Value, zone: Value = None) -> Value:
    """``getHours`` and its like."""
    if isinstance(value, Duration):
        unit = {
            "getHours": 3600 * SECOND,
            "getMinutes": 60 * SECOND,
            "getSeconds": SECOND,
            "getMilliseconds": 1_000_000,
        }
        if name not in unit:
            raise no_such_overload()
        whole = abs(value.nanos) // unit[name]
        return -whole if value.nanos < 0 else whole
    if not isinstance(value, Timestamp):
        raise no_such_overload()
    moment, years = _moment(value, zone)
    parts = {
        "getFullYear": moment.year + years,
        "getMonth": moment.month - 1,
        "getDayOfYear": moment.timetuple().tm_yday - 1,
        "getDayOfMonth": moment.day - 1,
        "getDate": moment.day,
        "getDayOfWeek": moment.isoweekday() % 7,
        "getHours": moment.hour,
        "getMinutes": moment.minute,
        "getSeconds": moment.second,
        "getMilliseconds": value.nanos % SECOND // 1_000_000,
    }
    return parts[name]


PARTS = (
    "getFullYear", "getMonth", "getDayOfYear", "getDayOfMonth", "getDate", "getDayOfWeek",
    "getHours", "getMinutes", "getSeconds", "getMilliseconds",
)  # fmt: skip
