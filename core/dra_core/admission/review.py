"""AdmissionReview (admission.k8s.io/v1): what the API server asks."""

from __future__ import annotations

import msgspec
from returns.result import Failure, Result, Success

from dra_core.refusal import Fault, Refusal, Refusals
from dra_core.snapshot.codec import describe
from dra_core.snapshot.json_value import Json, JsonObject, at, text_at

API_VERSION = "admission.k8s.io/v1"
KIND = "AdmissionReview"


class AdmissionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """May this be written?

    Attributes:
        uid: Of the request; the answer repeats it.
        group: API group of the resource.
        version: Its version, in which the objects are.
        resource: In the plural, e.g. ``resourceclaims``.
        subresource: E.g. ``status``; "" for the object itself.
        operation: CREATE, UPDATE, DELETE or CONNECT.
        namespace: Of the object; "" for one of the cluster.
        name: Of the object; "" before a name is generated.
        user: Who asks.
        new: As it is to be; None where it is to go.
        old: As it is; None where there is none.
    """

    uid: str
    group: str
    version: str
    resource: str
    subresource: str
    operation: str
    namespace: str
    name: str
    user: str
    new: Json
    old: Json


def read_review(value: Json) -> Result[AdmissionRequest, Refusals]:
    """The request of an AdmissionReview, or everything that makes it none."""
    faults = tuple(
        Refusal(
            code="NotAnAdmissionReview",
            fault=Fault.ENVIRONMENT,
            path=path,
            seen=f"expected {expected}, found {describe(at(value, *path.split('.')))}",
        )
        for path, expected, fits in (
            ("apiVersion", f'"{API_VERSION}"', text_at(value, "apiVersion") == API_VERSION),
            ("kind", f'"{KIND}"', text_at(value, "kind") == KIND),
            ("request.uid", "a text", text_at(value, "request", "uid") != ""),
        )
        if not fits
    )
    return Failure(faults) if faults else Success(_request(at(value, "request")))


def review_of(response: JsonObject) -> JsonObject:
    """The AdmissionReview that carries an answer."""
    return {"apiVersion": API_VERSION, "kind": KIND, "response": response}


def _request(value: Json) -> AdmissionRequest:
    return AdmissionRequest(
        uid=text_at(value, "uid"),
        group=text_at(value, "resource", "group"),
        version=text_at(value, "resource", "version"),
        resource=text_at(value, "resource", "resource"),
        subresource=text_at(value, "subResource"),
        operation=text_at(value, "operation"),
        namespace=text_at(value, "namespace"),
        name=text_at(value, "name"),
        user=text_at(value, "userInfo", "username"),
        new=at(value, "object"),
        old=at(value, "oldObject"),
    )
