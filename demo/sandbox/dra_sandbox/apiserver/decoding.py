"""From the body of a write to an object that is at least of the right shape."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from dra_core.snapshot.json_value import Json, JsonObject, object_at, text_at

from dra_sandbox.apiserver.problems import Problem, bad_request, not_decodable, strict_decoding
from dra_sandbox.apiserver.requests import Request
from dra_sandbox.apiserver.resources import Resource
from dra_sandbox.apiserver.schema import normal, pruned, type_faults, unknown_fields


class Decoded(msgspec.Struct, frozen=True):
    """An object whose fields are all known, and what was left out."""

    value: JsonObject
    warnings: tuple[str, ...] = ()


def decode(request: Request, body: Json) -> Decoded | Problem:
    """Check kind, place and the types of all fields; refuse or drop unknown fields, as the request wants it.

    Built-in kinds with a value of a wrong type are a 400; custom ones get their 422 from validation later.
    """
    resource = request.resource
    if not isinstance(body, Mapping):
        return not_decodable(resource, "the body is no JSON object")
    kind, api_version = text_at(body, "kind"), text_at(body, "apiVersion")
    if kind and kind != resource.kind:
        return bad_request(
            f"{kind} in version {_quoted(api_version)} cannot be handled as a {resource.kind}: "
            f"the kind in the data does not match the resource of the request"
        )
    if api_version and api_version != resource.api_version:
        return bad_request(
            f"the API version in the data ({api_version}) does not match the expected API version "
            f"({resource.api_version})"
        )
    named: JsonObject = {**body, "apiVersion": resource.api_version, "kind": resource.kind}
    value = _normal(resource, named)
    if faults := type_faults(resource.schema, value if not resource.custom else {"metadata": value.get("metadata")}):
        return not_decodable(resource, "; ".join(faults))
    if misplaced := _misplaced(request, value):
        return bad_request(misplaced)
    strange = tuple(f'unknown field "{path}"' for path in unknown_fields(resource.schema, value))
    if not strange:
        return Decoded(value)
    if request.options.field_validation == "Strict":
        return strict_decoding(resource, strange)
    cleaned = pruned(resource.schema, value)
    assert isinstance(cleaned, Mapping)
    return Decoded(cleaned, strange if request.options.field_validation == "Warn" else ())


def _normal(resource: Resource, value: JsonObject) -> JsonObject:
    """Custom objects are kept as they came, but their metadata is that of every object."""
    metadata = normal(resource.schema.child("metadata"), value.get("metadata"))
    if resource.custom:
        return {**value, "metadata": metadata if metadata is not None else {}}
    cleaned = normal(resource.schema, value)
    assert isinstance(cleaned, Mapping)
    return cleaned if "metadata" in cleaned else {**cleaned, "metadata": {}}


def _misplaced(request: Request, value: JsonObject) -> str:
    metadata = object_at(value, "metadata")
    namespace, name = text_at(metadata, "namespace"), text_at(metadata, "name")
    if request.resource.namespaced and namespace and namespace != request.namespace:
        return "the namespace of the provided object does not match the namespace sent on the request"
    if not request.resource.namespaced and namespace:
        return "namespace may not be set for a cluster-scoped object"
    if request.verb != "create" and name and name != request.name:
        return f"the name of the object ({name}) does not match the name on the URL ({request.name})"
    return ""


def _quoted(text: str) -> str:
    return f'"{text}"'
