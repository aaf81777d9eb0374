"""What came instead of an answer: values that say whose fault it is and what to do."""

from __future__ import annotations

import msgspec
from dra_core.refusal import Fault, Refusal
from dra_core.snapshot.json_value import Json, at, text_at

NO_ANSWER = 0
"""In the place of an HTTP status: the server was not reached, or did not answer in time."""

LONGEST_QUOTE = 200
"""Characters of an answer that is no Status object: enough to recognise a proxy's page."""


class ApiFailure(msgspec.Struct, frozen=True, kw_only=True):
    """A request that failed.

    Attributes:
        asked: What was asked, e.g. ``GET /api/v1/nodes/node-1``.
        status: The HTTP status, or ``NO_ANSWER``.
        reason: The API server's machine-readable reason (metav1.StatusReason), e.g. ``NotFound``; "" if it gave none.
        message: For people; the server's own words where it answered.
        retry_after_seconds: How long the server asks to be left alone; 0: it does not say.
    """

    asked: str
    status: int = NO_ANSWER
    reason: str = ""
    message: str
    retry_after_seconds: float = 0

    @property
    def not_found(self) -> bool:
        """There is no such object (or no such resource)."""
        return self.status == 404

    @property
    def conflict(self) -> bool:
        """The object is not as it was when it was read, or exists already."""
        return self.status == 409

    @property
    def expired(self) -> bool:
        """The resource version or the continuation is too old: list anew."""
        return self.status == 410 or self.reason in {"Expired", "Gone"}

    @property
    def sentence(self) -> str:
        """One line for a log or an event."""
        if self.status == NO_ANSWER:
            return self.message
        return f"the API server refused ({self.asked}, {self.status}): {self.message}"

    @property
    def refusal(self) -> Refusal:
        """As the core words it, with whose fault it is and what to do."""
        code, fault, hint = _meaning(self.status)
        return Refusal(code=code, fault=fault, seen=self.sentence, hint=hint)


def failure_of(asked: str, status: int, body: bytes, retry_after: str | None = None) -> ApiFailure:
    """From an answer outside 2xx."""
    try:
        answer: Json = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        answer = None
    quote = " ".join(body[:LONGEST_QUOTE].decode(errors="replace").split())
    message = text_at(answer, "message") or quote or "it gave no reason"
    return ApiFailure(
        asked=asked,
        status=status,
        reason=text_at(answer, "reason"),
        message=message,
        retry_after_seconds=_seconds(retry_after) or _seconds(at(answer, "details", "retryAfterSeconds")),
    )


def _seconds(value: Json) -> float:
    """A number of seconds; what is none (Retry-After may also be a date) says nothing."""
    try:
        return max(float(value), 0) if isinstance(value, str | int | float) else 0
    except ValueError:
        return 0


def _meaning(status: int) -> tuple[str, Fault, str]:
    if status == NO_ANSWER:
        return (
            "ApiServerUnreachable",
            Fault.ENVIRONMENT,
            "look whether the API server runs and can be reached from here",
        )
    if status == 401:
        return "ApiServerUnauthorized", Fault.ADMINISTRATOR, "renew the credentials in the kubeconfig or ServiceAccount"
    if status == 403:
        return "ApiServerForbidden", Fault.ADMINISTRATOR, "grant it in a Role or ClusterRole"
    if status == 404:
        return "ApiServerNotFound", Fault.USER, ""
    if status in {409, 410}:
        return "ApiServerConflict", Fault.ENVIRONMENT, "read it again, then try again"
    if status == 429 or status >= 500:
        return "ApiServerBusy", Fault.ENVIRONMENT, "try again later"
    return "ApiServerRefused", Fault.DRIVER, ""
