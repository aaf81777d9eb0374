"""What must hold around an object, in its namespace and elsewhere, before it is written (admission plugins)."""

from __future__ import annotations

from dra_core.snapshot.json_value import JsonObject, at

from dra_sandbox.apiserver import problems
from dra_sandbox.apiserver.problems import Problem
from dra_sandbox.apiserver.requests import Request
from dra_sandbox.apiserver.resources import Resource
from dra_sandbox.apiserver.store import Store
from dra_sandbox.world.objects import name_of

_NAMESPACES = "/namespaces"
_NAMESPACE = Resource(kind="Namespace", plural="namespaces", namespaced=False)


def admit(store: Store, request: Request, value: JsonObject, old: JsonObject | None) -> Problem | None:
    """The first reason against the write, or None."""
    return _namespace_lives(store, request, value, old)


def _namespace_lives(store: Store, request: Request, value: JsonObject, old: JsonObject | None) -> Problem | None:
    """NamespaceLifecycle: nothing new in a namespace that is not there, or is being deleted."""
    if not request.resource.namespaced or old is not None:
        return None
    namespace = store.get(_NAMESPACES, ("", request.namespace))
    if namespace is None:
        return problems.not_found(_NAMESPACE, request.namespace)
    if at(namespace, "metadata", "deletionTimestamp") is not None:
        return problems.terminating_namespace(request.resource, name_of(value), request.namespace)
    return None
