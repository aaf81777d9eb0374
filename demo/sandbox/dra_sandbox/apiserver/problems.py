"""Why a request cannot be served: the Status objects of a Kubernetes API server, as values.

Texts, reasons and codes are those of apimachinery (api/errors, util/validation/field), because clients and people
depend on them: client-go retries a 409 with reason Conflict, kubectl prints the causes of a 422.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from dra_core.refusal import Refusals
from dra_core.snapshot.json_value import Json, JsonObject

from dra_sandbox.apiserver.resources import Resource


class Cause(msgspec.Struct, frozen=True):
    """One of the faults behind a problem (meta/v1 StatusCause)."""

    reason: str
    message: str
    field: str = ""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A refused request.

    Attributes:
        code: HTTP status.
        reason: The machine's word for it (meta/v1 StatusReason); "" where a real server has none.
        message: The sentence for people.
        name: Name of the object.
        group: API group of the object.
        kind: Plural resource, or the kind for invalid objects, as a real server has it.
        causes: Single faults.
        retry_after_seconds: When a client may try again; 0 for unsaid.
    """

    code: int
    reason: str
    message: str
    name: str = ""
    group: str = ""
    kind: str = ""
    causes: tuple[Cause, ...] = ()
    retry_after_seconds: int = 0

    @property
    def status(self) -> JsonObject:
        """The Status object."""
        details: dict[str, Json] = {}
        for key, text in (("name", self.name), ("group", self.group), ("kind", self.kind)):
            if text:
                details[key] = text
        if self.causes:
            details["causes"] = [
                {
                    "reason": cause.reason,
                    "message": cause.message,
                    **({"field": cause.field} if cause.field else {}),
                }
                for cause in self.causes
            ]
        if self.retry_after_seconds:
            details["retryAfterSeconds"] = self.retry_after_seconds
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            **({"reason": self.reason} if self.reason else {}),
            **({"details": details} if details else {}),
            "code": self.code,
        }


def not_found(resource: Resource, name: str) -> Problem:
    """404 for an object."""
    return Problem(
        code=404,
        reason="NotFound",
        message=f'{resource.qualified} "{name}" not found',
        name=name,
        group=resource.group,
        kind=resource.plural,
    )


NO_SUCH_PATH = Problem(
    code=404, reason="NotFound", message="the server could not find the requested resource", causes=()
)


def method_not_allowed() -> Problem:
    """405."""
    return Problem(
        code=405,
        reason="MethodNotAllowed",
        message="the server does not allow this method on the requested resource",
    )


def already_exists(resource: Resource, name: str) -> Problem:
    """409 for a create."""
    return Problem(
        code=409,
        reason="AlreadyExists",
        message=f'{resource.qualified} "{name}" already exists',
        name=name,
        group=resource.group,
        kind=resource.plural,
    )


MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def conflict(resource: Resource, name: str, why: str = MODIFIED) -> Problem:
    """409 for a write on an outdated object, or a precondition that does not hold."""
    return Problem(
        code=409,
        reason="Conflict",
        message=f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}',
        name=name,
        group=resource.group,
        kind=resource.plural,
    )


def bad_request(message: str) -> Problem:
    """400."""
    return Problem(code=400, reason="BadRequest", message=message)


def forbidden(resource: Resource, name: str, why: str, causes: tuple[Cause, ...] = ()) -> Problem:
    """403."""
    which = f' "{name}"' if name else ""
    return Problem(
        code=403,
        reason="Forbidden",
        message=f"{resource.qualified}{which} is forbidden: {why}",
        name=name,
        group=resource.group,
        kind=resource.plural,
        causes=causes,
    )


def invalid(resource: Resource, name: str, refusals: Refusals) -> Problem:
    """422: the object breaks rules of validation; all of them at once.

    The code of a refusal is a cause reason (FieldValueInvalid, ...), what was seen is the API server's own text.
    """
    lines = [f"{refusal.path}: {refusal.seen}" if refusal.path else refusal.seen for refusal in refusals]
    what = lines[0] if len(lines) == 1 else f"[{', '.join(lines)}]"
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    return Problem(
        code=422,
        reason="Invalid",
        message=f'{kind} "{name}" is invalid: {what}',
        name=name,
        group=resource.group,
        kind=resource.kind,
        causes=tuple(Cause(refusal.code, refusal.seen, refusal.path) for refusal in refusals),
    )


def strict_decoding(resource: Resource, faults: Sequence[str]) -> Problem:
    """400: fields that the API does not know, with fieldValidation=Strict."""
    return bad_request(
        f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: '
        f"strict decoding error: {', '.join(faults)}"
    )


def not_decodable(resource: Resource, why: str) -> Problem:
    """400: a value of a wrong type."""
    return bad_request(f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {why}')


def unsupported_media_type(accepted: Sequence[str]) -> Problem:
    """415."""
    return Problem(
        code=415,
        reason="UnsupportedMediaType",
        message=f"the body of the request was in an unknown format - accepted media types include: "
        f"{', '.join(accepted)}",
    )


def expired(wanted: int, oldest: int) -> Problem:
    """410: what happened since that version is no longer known."""
    return Problem(code=410, reason="Expired", message=f"too old resource version: {wanted} ({oldest})")


CONTINUE_EXPIRED = Problem(
    code=410,
    reason="Expired",
    message="The provided continue parameter is too old to display a consistent list result. You can start a new "
    "list without the continue parameter.",
)


def too_large_version(wanted: int, current: int) -> Problem:
    """504: a version that does not exist yet."""
    return Problem(
        code=504,
        reason="Timeout",
        message=f"Too large resource version: {wanted}, current: {current}",
        causes=(Cause("ResourceVersionTooLarge", "Too large resource version"),),
        retry_after_seconds=1,
    )


def terminating_namespace(resource: Resource, name: str, namespace: str) -> Problem:
    """403: nothing new comes into a namespace that is being deleted."""
    return forbidden(
        resource,
        name,
        f"unable to create new content in namespace {namespace} because it is being terminated",
        (Cause("NamespaceTerminating", f"namespace {namespace} is being terminated", "metadata.namespace"),),
    )
