"""What is answered to which request, whatever carries it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.message import Message
from http import HTTPStatus
from traceback import format_exc

import msgspec
from dra_core.admission import Answered, respond
from dra_core.profiles import Profile
from dra_core.refusal import Refusals, sentences
from dra_logs import Log
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from returns.result import Failure

from dra_webhook.metrics import Metrics, Outcome

REVIEW = "/validate-resource-claim-parameters"
METHODS: Mapping[str, str] = {REVIEW: "POST", "/readyz": "GET", "/metrics": "GET"}
"""By path."""

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer. ``allow``: what header of this name is sent; "": none."""

    status: HTTPStatus
    body: bytes
    content_type: str = TEXT
    allow: str = ""


def refused(status: HTTPStatus, text: str, allow: str = "") -> Answer:
    """An answer that says what is wrong with the request."""
    return Answer(status=status, body=f"{text}\n".encode(errors="replace"), allow=allow)


class Answers:
    """Threads share it.

    Args:
        driver_name: Whose parameters are looked at.
        profile: What they mean.
        metrics: Where it counts, and what ``/metrics`` tells.
        log: Where refusals are told, for administrators, and bugs.
    """

    def __init__(self, driver_name: str, profile: Profile, metrics: Metrics, log: Log) -> None:
        self._driver_name = driver_name
        self._profile = profile
        self._metrics = metrics
        self._log = log

    def answer(self, method: str, target: str, content_type: str, body: bytes | Answer) -> Answer:
        """Answer a request; never raises.

        Args:
            method: GET, POST, …
            target: The path, with its query.
            content_type: "" if there is none.
            body: What came; or what is wrong with it, so that it was not read.
        """
        path = target.partition("?")[0]
        wanted = METHODS.get(path)
        if wanted is None:
            return refused(HTTPStatus.NOT_FOUND, f"there are {', '.join(METHODS)}")
        if method != wanted:
            return refused(HTTPStatus.METHOD_NOT_ALLOWED, f"{path} is for {wanted}", allow=wanted)
        if path == "/readyz":
            return Answer(status=HTTPStatus.OK, body=b"ok")
        if path == "/metrics":
            return Answer(
                status=HTTPStatus.OK, body=generate_latest(self._metrics.registry), content_type=CONTENT_TYPE_LATEST
            )
        return self._timed(content_type, body)

    def _timed(self, content_type: str, body: bytes | Answer) -> Answer:
        begin = time.monotonic()
        try:
            outcome, answer = self._review(content_type, body)
        except Exception as error:
            self._log.error("a bug", error=repr(error), traceback=format_exc())
            outcome, answer = "failed", refused(HTTPStatus.INTERNAL_SERVER_ERROR, "a bug; the webhook's log has it")
        self._metrics.reviewed(outcome, time.monotonic() - begin)
        return answer

    def _review(self, content_type: str, body: bytes | Answer) -> tuple[Outcome, Answer]:
        if isinstance(body, Answer):
            return "unreadable", self._unreadable(body)
        if _media_type(content_type) != JSON:
            seen = f"the Content-Type is {content_type or 'missing'}, and has to be {JSON}"
            return "unreadable", self._unreadable(refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, seen))
        found = respond(self._driver_name, self._profile, body)
        if isinstance(found, Failure):
            wrong: Refusals = found.failure()
            return "unreadable", self._unreadable(refused(HTTPStatus.BAD_REQUEST, sentences(wrong)))
        answered = found.unwrap()
        self._tell(answered)
        answer = Answer(status=HTTPStatus.OK, body=msgspec.json.encode(answered.review), content_type=JSON)
        return "allowed" if answered.verdict.allowed else "refused", answer

    def _unreadable(self, answer: Answer) -> Answer:
        self._log.warning("a request is no review", status=answer.status, error=answer.body.decode().rstrip())
        return answer

    def _tell(self, answered: Answered) -> None:
        request, verdict = answered.request, answered.verdict
        said = {
            "operation": request.operation,
            "resource": request.resource,
            "namespace": request.namespace,
            "name": request.name,
            "user": request.user,
        }
        if verdict.allowed:
            self._log.debug("allowed", **said)
        else:
            self._log.info("refused", **said, error=sentences(verdict.refusals))


def _media_type(content_type: str) -> str:
    """Without its parameters, in lower case."""
    header = Message()
    header["Content-Type"] = content_type
    return header.get_content_type() if content_type else ""
