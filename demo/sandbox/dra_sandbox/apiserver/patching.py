"""PATCH: what is there, changed as the patch says, goes the way of every update."""

from __future__ import annotations

from collections.abc import Mapping

from dra_core.snapshot.json_value import JsonObject, object_at

from dra_sandbox.apiserver import problems
from dra_sandbox.apiserver.answers import Answer, Succeeded
from dra_sandbox.apiserver.applying import apply
from dra_sandbox.apiserver.decoding import decode
from dra_sandbox.apiserver.patches import json_patch, merge
from dra_sandbox.apiserver.problems import Cause, Problem
from dra_sandbox.apiserver.requests import (
    APPLY_PATCH,
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_PATCH,
    Circumstances,
    Request,
)
from dra_sandbox.apiserver.store import Store
from dra_sandbox.apiserver.strategic import strategic_merge
from dra_sandbox.apiserver.versions import as_served
from dra_sandbox.apiserver.writing import create, update

_TYPES = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)


def patch(store: Store, request: Request, circumstances: Circumstances) -> tuple[Store, Answer]:
    """PATCH of an object or one of its subresources."""
    resource = request.resource
    if request.patch_type not in _TYPES or (resource.custom and request.patch_type == STRATEGIC_PATCH):
        known = [kind for kind in _TYPES if not (resource.custom and kind == STRATEGIC_PATCH)]
        return store, problems.unsupported_media_type(known)
    old = store.get(resource.store_key, (request.namespace if resource.namespaced else "", request.name))
    if request.patch_type == APPLY_PATCH:
        return _applied(store, request, circumstances, old)
    if old is None:
        return store, problems.not_found(resource, request.name)
    patched = _patched(request, as_served(resource, old))
    if isinstance(patched, Problem):
        return store, patched
    return update(store, request, circumstances, patched)


def _patched(request: Request, target: JsonObject) -> JsonObject | Problem:
    if request.patch_type == JSON_PATCH:
        result = json_patch(target, request.body)
        return _unprocessable(request, result) if isinstance(result, str) else result
    if not isinstance(request.body, Mapping):
        return problems.bad_request("the patch is no JSON object")
    if request.patch_type == STRATEGIC_PATCH:
        return strategic_merge(request.resource.schema, target, request.body)
    merged = merge(target, request.body)
    assert isinstance(merged, Mapping)
    return merged


def _applied(
    store: Store, request: Request, circumstances: Circumstances, old: JsonObject | None
) -> tuple[Store, Answer]:
    if not request.options.field_manager:
        why = "fieldManager: Required value: is required for apply patch"
        message = f'PatchOptions.meta.k8s.io "" is invalid: {why}'
        return store, Problem(code=422, reason="Invalid", message=message)
    decoded = decode(request, request.body)
    if isinstance(decoded, Problem):
        return store, decoded
    if object_at(decoded.value, "metadata").get("managedFields"):
        return store, problems.bad_request("metadata.managedFields must be nil")
    if old is None and request.subresource:
        return store, problems.not_found(request.resource, request.name)
    live: JsonObject = {} if old is None else as_served(request.resource, old)
    result = apply(request, live, decoded.value, circumstances)
    if isinstance(result, Problem):
        return store, result
    if old is not None:
        after, answer = update(store, request, circumstances, result.value, result.owners)
    else:
        named: JsonObject = {**object_at(result.value, "metadata"), "name": request.name}
        body = {**result.value, "metadata": named}
        after, answer = create(store, request, circumstances, body, result.owners)
    if isinstance(answer, Problem):
        return after, answer
    return after, Succeeded(answer.code, answer.body, (*decoded.warnings, *answer.warnings))


def _unprocessable(request: Request, why: str) -> Problem:
    """A patch that does not fit the object."""
    resource = request.resource
    return Problem(
        code=422,
        reason="Invalid",
        message="the server rejected our request due to an error in our request",
        name=request.name,
        group=resource.group,
        kind=resource.plural,
        causes=(Cause("UnexpectedServerResponse", why),),
    )
