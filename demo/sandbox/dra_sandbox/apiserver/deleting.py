"""Deletion: preconditions, grace periods, finalizers, and what becomes of dependents."""

from __future__ import annotations

from datetime import timedelta

import msgspec
from dra_core.snapshot.json_value import Json, JsonObject, at, object_at, text_at

from dra_sandbox.apiserver import problems
from dra_sandbox.apiserver.answers import Answer, Succeeded
from dra_sandbox.apiserver.custom_resources import CUSTOM_RESOURCES
from dra_sandbox.apiserver.policies import policy_against
from dra_sandbox.apiserver.problems import Problem
from dra_sandbox.apiserver.requests import Circumstances, Options, Request
from dra_sandbox.apiserver.resources import Resource
from dra_sandbox.apiserver.rules import rules_of
from dra_sandbox.apiserver.selection import selection_of
from dra_sandbox.apiserver.store import Place, Store, put, remove
from dra_sandbox.apiserver.versions import as_served
from dra_sandbox.apiserver.writing import finished
from dra_sandbox.world.objects import finalizers_of
from dra_sandbox.world.times import stamp

FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"  # meta/v1 FinalizerDeleteDependents, FinalizerOrphanDependents
_CLEAN_UP = "customresourcecleanup.apiextensions.k8s.io"  # apiextensions/v1 CustomResourceCleanupFinalizer
_DEFAULT_GRACE_SECONDS = 30  # core/v1 DefaultTerminationGracePeriodSeconds
_PROTECTED_NAMESPACES = ("default", "kube-system", "kube-public")  # NamespaceLifecycle: immortal namespaces


def delete(store: Store, request: Request, circumstances: Circumstances) -> tuple[Store, Answer]:
    """DELETE of one object."""
    resource = request.resource
    place = (request.namespace if resource.namespaced else "", request.name)
    old = store.get(resource.store_key, place)
    if old is None:
        return store, problems.not_found(resource, request.name)
    refused = _refused(resource, request.name, old, request.options) or policy_against(store, request, None, old)
    if refused is not None:
        return store, refused
    after, left = _deleted(store, resource, place, old, request.options, circumstances)
    if request.options.dry_run:
        after = store
    elif resource.store_key == CUSTOM_RESOURCES:
        after = _without_objects(after, old, circumstances)
    returned = rules_of(resource).returned_when_deleted
    gone = after.get(resource.store_key, place) is None
    return after, Succeeded(200, _gone(resource, old) if gone and not returned else as_served(resource, left))


def delete_collection(store: Store, request: Request, circumstances: Circumstances) -> tuple[Store, Answer]:
    """DELETE of all objects that the selectors select; one that is refused stops it half-way, as on a real server."""
    resource = request.resource
    selection = selection_of(
        resource, request.namespace, "", request.options.label_selector, request.options.field_selector
    )
    if isinstance(selection, Problem):
        return store, selection
    after, items = store, []
    for place, old in sorted(store.of(resource.store_key).items()):
        if not selection.selects(as_served(resource, old)):
            continue
        single = msgspec.structs.replace(request, verb="delete", namespace=place[0], name=place[1])
        refused = _refused(resource, place[1], old, request.options) or policy_against(store, single, None, old)
        if refused is not None:
            return store if request.options.dry_run else after, refused
        after, left = _deleted(after, resource, place, old, request.options, circumstances)
        items.append(as_served(resource, left))
    body: JsonObject = {
        "kind": f"{resource.kind}List",
        "apiVersion": resource.api_version,
        "metadata": {"resourceVersion": str(after.revision)},
        "items": items,
    }
    return store if request.options.dry_run else after, Succeeded(200, body)


def _without_objects(store: Store, definition: JsonObject, circumstances: Circumstances) -> Store:
    """The objects of a custom resource go with its definition, which stays until they are gone (crd finalizer)."""
    spec = object_at(definition, "spec")
    custom = Resource(
        group=text_at(spec, "group"),
        kind=text_at(spec, "names", "kind"),
        plural=text_at(spec, "names", "plural"),
        custom=True,
    )
    for place, value in store.of(custom.store_key).items():
        store, _ = _deleted(store, custom, place, value, Options(propagation_policy="Background"), circumstances)
    if not store.of(custom.store_key):
        return store
    place = ("", text_at(definition, "metadata", "name"))
    left = store.get(CUSTOM_RESOURCES, place) or definition
    metadata: JsonObject = {
        **object_at(left, "metadata"),
        "deletionTimestamp": stamp(circumstances.now),
        "finalizers": [*finalizers_of(left), _CLEAN_UP],
    }
    return put(store, CUSTOM_RESOURCES, place, {**left, "metadata": metadata})[0]


def released(store: Store, resource: Resource) -> Store:
    """The store after a write on custom objects: a definition that only waited for the last of them goes."""
    place = ("", resource.qualified)
    definition = store.get(CUSTOM_RESOURCES, place)
    if definition is None or _CLEAN_UP not in finalizers_of(definition) or store.of(resource.store_key):
        return store
    metadata: JsonObject = {
        **object_at(definition, "metadata"),
        "finalizers": [item for item in finalizers_of(definition) if item != _CLEAN_UP],
    }
    value: JsonObject = {**definition, "metadata": metadata}
    write = remove if finished(value) else put
    return write(store, CUSTOM_RESOURCES, place, value)[0]


def _refused(resource: Resource, name: str, old: JsonObject, options: Options) -> Problem | None:
    uid, version = text_at(old, "metadata", "uid"), text_at(old, "metadata", "resourceVersion")
    if options.precondition_uid and options.precondition_uid != uid:
        return problems.conflict(
            resource,
            name,
            f"Precondition failed: UID in precondition: {options.precondition_uid}, UID in object meta: {uid}",
        )
    if options.precondition_version and options.precondition_version != version:
        return problems.conflict(
            resource,
            name,
            f"Precondition failed: ResourceVersion in precondition: {options.precondition_version}, "
            f"ResourceVersion in object meta: {version}",
        )
    if resource.store_key == "/namespaces" and name in _PROTECTED_NAMESPACES:
        return problems.forbidden(resource, name, "this namespace may not be deleted")
    return None


def _deleted(
    store: Store, resource: Resource, place: Place, old: JsonObject, options: Options, circumstances: Circumstances
) -> tuple[Store, JsonObject]:
    """The store after the deletion, and the object as it is then or was last."""
    value = _marked(resource, old, options, circumstances)
    if value == old:
        return store, old
    if finished(value):
        return remove(store, resource.store_key, place, value if finalizers_of(old) else old)
    return put(store, resource.store_key, place, value)


def _marked(resource: Resource, old: JsonObject, options: Options, circumstances: Circumstances) -> JsonObject:
    """The object with the marks of its deletion."""
    metadata = dict(object_at(old, "metadata"))
    finalizers = [item for item in finalizers_of(old) if item not in (FOREGROUND, ORPHAN)]
    finalizers += _for_dependents(resource, old, options)
    grace = _grace_seconds(resource, old, options)
    before = metadata.get("deletionGracePeriodSeconds")
    if metadata.get("deletionTimestamp") is None or (isinstance(before, int) and grace < before):
        metadata["deletionTimestamp"] = stamp(circumstances.now + timedelta(seconds=grace))
        metadata["deletionGracePeriodSeconds"] = grace
        generation = metadata.get("generation")
        if before is None and isinstance(generation, int):
            metadata["generation"] = (
                generation + 1
            )  # registry/rest BeforeDelete: asking for deletion is a change of intent
    metadata.pop("finalizers", None)
    if finalizers:
        metadata["finalizers"] = finalizers
    value: JsonObject = {**old, "metadata": metadata}
    if resource.store_key == "/namespaces":
        value = {**value, "status": {**object_at(old, "status"), "phase": "Terminating"}}
    return value


def _for_dependents(resource: Resource, old: JsonObject, options: Options) -> list[str]:
    """The finalizer by which the garbage collector learns what to do with dependents."""
    match options.propagation_policy or _kept_policy(old) or rules_of(resource).default_propagation:
        case "Foreground":
            return [FOREGROUND]
        case "Orphan":
            return [ORPHAN]
        case _:
            return []


def _kept_policy(old: JsonObject) -> str:
    held = finalizers_of(old)
    return "Foreground" if FOREGROUND in held else "Orphan" if ORPHAN in held else ""


def _grace_seconds(resource: Resource, old: JsonObject, options: Options) -> int:
    """Only pods on a node end gracefully: their kubelet needs the time (registry/core/pod CheckGracefulDelete)."""
    if resource.store_key != "/pods" or not text_at(old, "spec", "nodeName"):
        return 0
    if text_at(old, "status", "phase") in ("Succeeded", "Failed"):
        return 0
    wanted = options.grace_period_seconds
    if wanted is None:
        own = at(old, "spec", "terminationGracePeriodSeconds")
        wanted = own if isinstance(own, int) else _DEFAULT_GRACE_SECONDS
    return max(wanted, 0)


def _gone(resource: Resource, old: JsonObject) -> JsonObject:
    details: dict[str, Json] = {"name": text_at(old, "metadata", "name")}
    if resource.group:
        details["group"] = resource.group
    details |= {"kind": resource.plural, "uid": text_at(old, "metadata", "uid")}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
