"""Whether a claim, template or class may be written, as far as our driver's parameters go.

What is judged is what the plugin would read when it prepares, by the same code (``profiles.configuration``), and what
only the text shows: keys that are written twice. An update is judged by what it changes: a claim that is older than the
webhook must still lose its finalizer, whatever its parameters are.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec
from returns.result import Failure

from dra_core.admission.body import Path
from dra_core.admission.review import AdmissionRequest
from dra_core.admission.written import PLACES, Place, Written, written_for
from dra_core.profiles.configuration import read_entry
from dra_core.profiles.profile import Profile
from dra_core.refusal import Fault, Refusal, Refusals, join
from dra_core.snapshot.json_value import Json, text_at
from dra_core.snapshot.versions import GROUP, SERVED

OPERATIONS = ("CREATE", "UPDATE")

Reason: TypeAlias = Literal["", "BadRequest", "Invalid"]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """May it be written?

    Attributes:
        reason: "": it may. BadRequest: the request is none for this webhook. Invalid: something in the object is wrong.
        refusals: All that is wrong.
        judged: How many configurations were looked at.
        wrong: How many of them cannot be used.
    """

    reason: Reason = ""
    refusals: Refusals = ()
    judged: int = 0
    wrong: int = 0

    @property
    def allowed(self) -> bool:
        """Whether it may be written."""
        return self.reason == ""


def judge(driver_name: str, profile: Profile, request: AdmissionRequest, repeated: Sequence[Path]) -> Verdict:
    """Judge a request.

    Args:
        driver_name: Whose parameters are looked at.
        profile: What they mean.
        request: What the API server asks.
        repeated: Where the new object's text has keys more than once, from the object inwards.
    """
    misdirected = _misdirected(request)
    if misdirected is not None:
        return Verdict(reason="BadRequest", refusals=(misdirected,))
    place = PLACES[request.resource]
    found = written_for(driver_name, place, request.new)
    if isinstance(found, Failure):
        malformed: Refusals = found.failure()
        return Verdict(reason="Invalid", refusals=malformed)
    kept = _parameters(driver_name, place, request.old) if request.operation == "UPDATE" else frozenset()
    judged = [each for each in found.unwrap() if _text(each.entry.parameters) not in kept]
    faults = [_repeated_keys(place, each, repeated) + _faults(profile, each) for each in judged]
    refusals = tuple(fault for each in faults for fault in each)
    return Verdict(
        reason="Invalid" if refusals else "",
        refusals=refusals,
        judged=len(judged),
        wrong=sum(1 for each in faults if each),
    )


def _faults(profile: Profile, written: Written) -> Refusals:
    read = read_entry(profile, written.entry)
    if not isinstance(read, Failure):
        return ()
    wrong: Refusals = read.failure()
    return wrong


def _misdirected(request: AdmissionRequest) -> Refusal | None:
    """What makes the request none for this webhook: it is registered for more than it knows."""
    place = PLACES.get(request.resource)
    asked = "/".join(filter(None, (request.group, request.version, request.resource, request.subresource)))
    if place is None or request.group != GROUP or request.version not in SERVED[place.kind] or request.subresource:
        return _bad_request("resource", asked or "nothing")
    if request.operation not in OPERATIONS:
        return _bad_request("operation", f"{request.operation or 'nothing'} of {asked}")
    shown = (text_at(request.new, "apiVersion"), text_at(request.new, "kind"))
    if shown != (f"{GROUP}/{request.version}", place.kind):
        return _bad_request("object", f"{' '.join(filter(None, shown)) or 'no object'} as one of {asked}")
    return None


def _bad_request(path: str, seen: str) -> Refusal:
    versions = ", ".join(SERVED["ResourceClaim"])
    return Refusal(
        code="UnexpectedRequest",
        fault=Fault.ADMINISTRATOR,
        path=f"request.{path}",
        seen=f"expected {' or '.join(OPERATIONS)} of {', '.join(PLACES)} ({GROUP}: {versions}), found {seen}",
        hint="put the rules of the ValidatingWebhookConfiguration right",
    )


def _parameters(driver_name: str, place: Place, old: Json) -> frozenset[str]:
    """Our driver's parameters in the object as it is."""
    found = written_for(driver_name, place, old)
    return frozenset() if isinstance(found, Failure) else frozenset(_text(w.entry.parameters) for w in found.unwrap())


def _text(value: Json) -> str:
    """Equal for equal JSON only: to Python, 1, 1.0 and true are equal too."""
    return json.dumps(value, sort_keys=True)


def _repeated_keys(place: Place, written: Written, repeated: Sequence[Path]) -> Refusals:
    inside: Path = (*place.path, written.position, "opaque", "parameters")
    paths = [path[len(inside) :] for path in repeated if path[: len(inside)] == inside]
    return tuple(
        Refusal(
            code="RepeatedKey",
            fault=written.entry.fault,
            path=_field(written.entry.path, path),
            seen="the key is written more than once",
            hint="keep one of them",
        )
        for path in paths
    )


def _field(path: str, steps: Path) -> str:
    for step in steps:
        path = join(path, f"[{step}]" if isinstance(step, int) else step)
    return path
