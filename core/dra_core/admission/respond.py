"""From the body of a request to the body of the answer: an AdmissionReview (admission.k8s.io/v1) each.

Laws (tests/property/test_admission.py): no body makes it raise; what is admitted on creation is what the plugin's
reading of the parameters accepts, and the reverse.
"""

from __future__ import annotations

import msgspec
from returns.result import Failure, Result, Success

from dra_core.admission.body import Body, read_body
from dra_core.admission.review import AdmissionRequest, read_review, review_of
from dra_core.admission.verdict import Verdict, judge
from dra_core.admission.written import PLACES
from dra_core.profiles.profile import Profile
from dra_core.refusal import Fault, Refusal, Refusals, sentences
from dra_core.snapshot.json_value import Json, JsonObject
from dra_core.snapshot.versions import GROUP

MOST_TOLD = 100
"""Faults in one answer. A claim has 32 configurations of 10 KiB at most, room for more than anybody reads."""

_CODES = {"BadRequest": 400, "Invalid": 422}
"""HTTP status codes of the reasons (StatusReason of meta/v1)."""


class Answered(msgspec.Struct, frozen=True):
    """What was asked, how it was judged, and the AdmissionReview that says so."""

    request: AdmissionRequest
    verdict: Verdict
    review: JsonObject


def respond(driver_name: str, profile: Profile, text: bytes) -> Result[Answered, Refusals]:
    """Answer an AdmissionReview; or why the body is none, which is for HTTP to tell (400).

    Args:
        driver_name: Whose parameters are looked at.
        profile: What they mean.
        text: The body.
    """
    try:
        read = read_body(text)
        return read.bind(lambda body: _answered(driver_name, profile, body))
    except RecursionError:
        seen = "the body is nested too deeply"
        return Failure((Refusal(code="NotDecodable", fault=Fault.USER, seen=seen, hint="write it flatter"),))


def _answered(driver_name: str, profile: Profile, body: Body) -> Result[Answered, Refusals]:
    read = read_review(body.value)
    if isinstance(read, Failure):
        wrong: Refusals = read.failure()
        return Failure(wrong)
    request = read.unwrap()
    repeated = [path[2:] for path in body.repeated if path[:2] == ("request", "object")]
    verdict = judge(driver_name, profile, request, repeated)
    return Success(Answered(request, verdict, review_of(_response(driver_name, request, verdict))))


def _response(driver_name: str, request: AdmissionRequest, verdict: Verdict) -> JsonObject:
    if verdict.allowed:
        return {"uid": request.uid, "allowed": True}
    status: dict[str, Json] = {
        "status": "Failure",
        "reason": verdict.reason,
        "code": _CODES[verdict.reason],
        "message": _message(driver_name, verdict),
    }
    if verdict.reason == "Invalid":
        # As those of the API server's own validation: kubectl shows one line for each cause.
        status["details"] = {
            "group": GROUP,
            "kind": PLACES[request.resource].kind,
            "name": request.name,
            "causes": [
                {"reason": "FieldValueInvalid", "field": each.path, "message": _without_path(each)}
                for each in verdict.refusals[:MOST_TOLD]
            ],
        }
    return {"uid": request.uid, "allowed": False, "status": status}


def _message(driver_name: str, verdict: Verdict) -> str:
    told = sentences(verdict.refusals[:MOST_TOLD])
    more = len(verdict.refusals) - MOST_TOLD
    text = f"{told}; and {more} more" if more > 0 else told
    if not verdict.judged:
        return text
    are = "is" if verdict.judged == 1 else "are"
    return f"{verdict.wrong} of {verdict.judged} configurations for {driver_name} {are} invalid: {text}"


def _without_path(refusal: Refusal) -> str:
    return msgspec.structs.replace(refusal, path="").sentence
