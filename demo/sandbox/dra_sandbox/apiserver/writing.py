"""Create and update: the steps every write of an object goes through.

The order is that of a real server: the body is decoded, metadata is set, the kind prepares it, admission and
validation see the whole object, and only then is it kept. A refused write leaves the store as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from dra_core.refusal import Refusal
from dra_core.snapshot.json_value import Json, JsonObject, at, object_at, text_at

from dra_sandbox.apiserver import faults, ownership, problems
from dra_sandbox.apiserver.admission import admit, completed
from dra_sandbox.apiserver.answers import Answer, Succeeded
from dra_sandbox.apiserver.decoding import decode
from dra_sandbox.apiserver.metadata import metadata_change_faults, metadata_faults, of_changed, of_new
from dra_sandbox.apiserver.problems import Problem
from dra_sandbox.apiserver.requests import Circumstances, Request
from dra_sandbox.apiserver.resources import Resource
from dra_sandbox.apiserver.rules import Rules, rules_of
from dra_sandbox.apiserver.store import Store, put, remove
from dra_sandbox.apiserver.versions import as_served, as_stored
from dra_sandbox.world.objects import finalizers_of

Owners: TypeAlias = tuple[ownership.Owner, ...]


def create(
    store: Store, request: Request, circumstances: Circumstances, body: Json, owners: Owners | None = None
) -> tuple[Store, Answer]:
    """POST of a new object; ``owners`` if its fields were applied."""
    resource = request.resource
    decoded = decode(request, body)
    if isinstance(decoded, Problem):
        return store, decoded
    rules = rules_of(resource)
    value = of_new(resource, decoded.value, request.namespace, circumstances)
    if resource.status and not rules.keeps_status_at_creation:
        value = {key: item for key, item in value.items() if key != "status"}
    filled = completed(store, request, rules.prepare(resource, as_stored(resource, value), None, circumstances), None)
    if isinstance(filled, Problem):
        return store, filled
    value = filled
    name = text_at(value, "metadata", "name")
    refused = admit(store, request, value, None) or _validated(resource, rules, name, value, None)
    if refused is not None:
        return store, refused
    place = (request.namespace if resource.namespaced else "", name)
    if store.get(resource.store_key, place) is not None:
        return store, problems.already_exists(resource, name)
    value = _owned(request, value, None, circumstances, owners)
    if request.options.dry_run:
        return store, Succeeded(201, as_served(resource, value), decoded.warnings)
    after, kept = put(store, resource.store_key, place, value)
    return after, Succeeded(201, as_served(resource, kept), decoded.warnings)


def update(
    store: Store, request: Request, circumstances: Circumstances, body: Json, owners: Owners | None = None
) -> tuple[Store, Answer]:
    """PUT of an object or its status; patches end here too, with the patched object as the body."""
    resource = request.resource
    place = (request.namespace if resource.namespaced else "", request.name)
    old = store.get(resource.store_key, place)
    if old is None:
        return store, problems.not_found(resource, request.name)
    decoded = decode(request, body)
    if isinstance(decoded, Problem):
        return store, decoded
    rules = rules_of(resource)
    outdated = _outdated(request, rules, decoded.value, old)
    if outdated is not None:
        return store, outdated
    value = combined(resource, rules, as_stored(resource, decoded.value), old, request.subresource)
    value = rules.prepare(resource, value, old, circumstances)
    value = _counted(resource, value, old)
    refused = admit(store, request, value, old) or _validated(resource, rules, request.name, value, old)
    if refused is not None:
        return store, refused
    value = _owned(request, value, old, circumstances, owners)
    return keep(store, request, value, old, decoded.warnings)


def _owned(
    request: Request, value: JsonObject, old: JsonObject | None, circumstances: Circumstances, owners: Owners | None
) -> JsonObject:
    if owners is not None:
        return ownership.with_owners(value, owners)
    return ownership.after_update(request, value, old, circumstances)


def keep(
    store: Store, request: Request, value: JsonObject, old: JsonObject, warnings: tuple[str, ...] = ()
) -> tuple[Store, Answer]:
    """Store a changed object; nothing is written if nothing changed, and what waited only for this is removed."""
    resource = request.resource
    place = (request.namespace if resource.namespaced else "", request.name)
    if ownership.same(value, old):
        return store, Succeeded(200, as_served(resource, old), warnings)
    if request.options.dry_run:
        return store, Succeeded(200, as_served(resource, value), warnings)
    if finished(value):
        after, kept = remove(store, resource.store_key, place, value)
    else:
        after, kept = put(store, resource.store_key, place, value)
    return after, Succeeded(200, as_served(resource, kept), warnings)


def finished(value: JsonObject) -> bool:
    """Whether an object that is being deleted has nothing left to wait for."""
    metadata = object_at(value, "metadata")
    return (
        metadata.get("deletionTimestamp") is not None
        and not finalizers_of(value)
        and not metadata.get("deletionGracePeriodSeconds")
        and not at(value, "spec", "finalizers")
    )


def combined(resource: Resource, rules: Rules, new: JsonObject, old: JsonObject, subresource: str) -> JsonObject:
    """What a write may change: /status only the status, everything else all but the status."""
    if subresource == "status":
        before = object_at(old, "metadata")
        offered = object_at(new, "metadata")
        metadata = {key: item for key, item in before.items() if key not in rules.status_metadata}
        metadata |= {key: offered[key] for key in (*rules.status_metadata, "managedFields") if key in offered}
        kept = {key: item for key, item in old.items() if key != "status"}
        return {**kept, "metadata": metadata, **({"status": new["status"]} if "status" in new else {})}
    if subresource == "finalize":
        finalizers = at(new, "spec", "finalizers")
        return {**old, "spec": {**object_at(old, "spec"), "finalizers": finalizers or []}}
    value = of_changed(new, old)
    if not resource.status:
        return value
    kept = {key: item for key, item in value.items() if key != "status"}
    return {**kept, **({"status": old["status"]} if "status" in old else {})}


def _outdated(request: Request, rules: Rules, value: JsonObject, old: JsonObject) -> Problem | None:
    resource, name = request.resource, request.name
    offered, current = text_at(value, "metadata", "resourceVersion"), text_at(old, "metadata", "resourceVersion")
    uid, real_uid = text_at(value, "metadata", "uid"), text_at(old, "metadata", "uid")
    if uid and uid != real_uid:
        return problems.conflict(
            resource, name, f"Precondition failed: UID in precondition: {uid}, UID in object meta: {real_uid}"
        )
    if offered in ("", "0"):
        if rules.needs_version and request.verb == "update":
            return problems.invalid(
                resource, name, (faults.invalid("metadata.resourceVersion", 0, "must be specified for an update"),)
            )
        return None
    return None if offered == current else problems.conflict(resource, name)


def _counted(resource: Resource, value: JsonObject, old: JsonObject) -> JsonObject:
    """metadata.generation follows everything outside of metadata and status."""
    if not resource.counts_generation:
        return value
    aside = ("metadata", "status") if resource.status else ("metadata",)
    if {k: v for k, v in value.items() if k not in aside} == {k: v for k, v in old.items() if k not in aside}:
        return value
    before = at(old, "metadata", "generation")
    generation = before + 1 if isinstance(before, int) else 1
    return {**value, "metadata": {**object_at(value, "metadata"), "generation": generation}}


def _validated(
    resource: Resource, rules: Rules, name: str, value: JsonObject, old: JsonObject | None
) -> Problem | None:
    found = tuple(_faults(resource, rules, value, old))
    return problems.invalid(resource, name, found) if found else None


def _faults(resource: Resource, rules: Rules, value: JsonObject, old: JsonObject | None) -> Iterator[Refusal]:
    yield from metadata_faults(resource, value)
    if old is not None:
        yield from metadata_change_faults(value, old)
    yield from rules.check(resource, value, old)
