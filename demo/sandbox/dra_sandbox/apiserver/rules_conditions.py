"""meta/v1 Condition in lists of conditions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from dra_core.refusal import Refusal
from dra_core.snapshot.json_value import JsonObject, text_at

from dra_sandbox.apiserver import faults
from dra_sandbox.apiserver.metadata import qualified_name_faults
from dra_sandbox.world.times import moment_of

_REASON = re.compile(r"[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?")
_STATUSES = ("True", "False", "Unknown")
_REASON_LENGTH = 1024
_MESSAGE_LENGTH = 32 * 1024


def condition_faults(path: str, conditions: Sequence[JsonObject]) -> Iterator[Refusal]:
    """Type, status, reason and time are demanded (apimachinery ValidateConditions)."""
    seen: set[str] = set()
    for i, condition in enumerate(conditions):
        at, kind, status = f"{path}[{i}]", text_at(condition, "type"), text_at(condition, "status")
        if not kind:
            yield faults.required(f"{at}.type", "must be set")
        else:
            yield from qualified_name_faults(f"{at}.type", kind)
        if kind in seen:
            yield faults.duplicate(f"{at}.type", kind)
        seen.add(kind)
        if status not in _STATUSES:
            yield faults.not_supported(f"{at}.status", status, _STATUSES)
        if moment_of(text_at(condition, "lastTransitionTime")) is None:
            yield faults.required(f"{at}.lastTransitionTime", "must be set")
        reason = text_at(condition, "reason")
        if not reason:
            yield faults.required(f"{at}.reason", "must be set")
        elif not _REASON.fullmatch(reason):
            yield faults.invalid(
                f"{at}.reason",
                reason,
                "a condition reason must start with alphabetic character, optionally followed by a string of "
                "alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' "
                "(e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex "
                "used for validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')",
            )
        if len(reason) > _REASON_LENGTH:
            yield faults.too_long(f"{at}.reason", _REASON_LENGTH)
        if len(text_at(condition, "message")) > _MESSAGE_LENGTH:
            yield faults.too_long(f"{at}.message", _MESSAGE_LENGTH)
