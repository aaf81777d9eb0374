"""When a probe counts as passed or failed (core/v1 Probe)."""

from __future__ import annotations

import msgspec
from dra_core.snapshot.json_value import JsonObject

from dra_sandbox.world.objects import whole_number_at


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """How it stands with one probe: equal answers in a row, and what they amount to (None: not enough yet)."""

    row: int = 0
    last: bool | None = None
    passed: bool | None = None


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How often, how long, how many."""

    initial_delay: int
    period: int
    timeout: int
    successes: int
    failures: int


def pace_of(probe: JsonObject) -> Pace:
    """With the API's defaults."""
    return Pace(
        initial_delay=whole_number_at(probe, "initialDelaySeconds", default=0),
        period=max(1, whole_number_at(probe, "periodSeconds", default=10)),
        timeout=max(1, whole_number_at(probe, "timeoutSeconds", default=1)),
        successes=max(1, whole_number_at(probe, "successThreshold", default=1)),
        failures=max(1, whole_number_at(probe, "failureThreshold", default=3)),
    )


def after(verdict: Verdict, answer: bool, pace: Pace) -> Verdict:
    """The verdict after one more answer."""
    row = verdict.row + 1 if verdict.last is answer else 1
    enough = row >= (pace.successes if answer else pace.failures)
    return Verdict(row=row, last=answer, passed=answer if enough else verdict.passed)
