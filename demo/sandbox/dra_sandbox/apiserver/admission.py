"""What must hold around an object before it is written, and what is filled in from other objects.

The names are those of kube-apiserver's admission plugins.
"""

from __future__ import annotations

from dra_core.snapshot.json_value import Json, JsonObject, at, object_at, text_at

from dra_sandbox.apiserver import problems
from dra_sandbox.apiserver.authorization import status_not_allowed
from dra_sandbox.apiserver.policies import policy_against
from dra_sandbox.apiserver.problems import Problem
from dra_sandbox.apiserver.requests import Request
from dra_sandbox.apiserver.resources import Resource
from dra_sandbox.apiserver.store import Store
from dra_sandbox.world.objects import labels_of, name_of, objects_at

ADMIN_ACCESS = "resource.kubernetes.io/admin-access"  # resource/v1 DRAAdminNamespaceLabelKey
_NAMESPACES = "/namespaces"
_NAMESPACE = Resource(kind="Namespace", plural="namespaces", namespaced=False)
_DEFAULT_ACCOUNT = "default"


def completed(store: Store, request: Request, value: JsonObject, old: JsonObject | None) -> JsonObject | Problem:
    """The object with what follows from other objects: a pod's priority (Priority) and service account."""
    if request.resource.store_key != "/pods" or old is not None:
        return value
    spec: dict[str, Json] = dict(object_at(value, "spec"))
    account = text_at(spec, "serviceAccountName") or _DEFAULT_ACCOUNT
    # The default account is made by a controller a moment after its namespace: not to wait for it is kinder than a
    # real server, which refuses the pod.
    if account != _DEFAULT_ACCOUNT and store.get("/serviceaccounts", (request.namespace, account)) is None:
        return problems.forbidden(
            request.resource,
            name_of(value),
            f'error looking up service account {request.namespace}/{account}: serviceaccount "{account}" not found',
        )
    spec |= {"serviceAccountName": account, "serviceAccount": account}
    name = text_at(spec, "priorityClassName")
    chosen = _priority_class(store, name)
    if name and chosen is None:
        return problems.forbidden(request.resource, name_of(value), f"no PriorityClass with name {name} was found")
    spec["priority"] = at(chosen, "value") or 0
    spec["preemptionPolicy"] = text_at(chosen, "preemptionPolicy") or "PreemptLowerPriority"
    if chosen is not None:
        spec["priorityClassName"] = name_of(chosen)
    return {**value, "spec": spec}


def _priority_class(store: Store, name: str) -> JsonObject | None:
    classes = store.of("scheduling.k8s.io/priorityclasses")
    if name:
        return classes.get(("", name))
    return next((one for one in classes.values() if one.get("globalDefault") is True), None)


def admit(store: Store, request: Request, value: JsonObject, old: JsonObject | None) -> Problem | None:
    """The first reason against the write, or None."""
    return (
        _namespace_lives(store, request, value, old)
        or status_not_allowed(store, request, value, old)
        or _admin_access(store, request, value, old)
        or policy_against(store, request, value, old)
    )


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


def _admin_access(store: Store, request: Request, value: JsonObject, old: JsonObject | None) -> Problem | None:
    """Only in namespaces with the label there is admin access: to ask for, and to be allocated (KEP-5018)."""
    match request.resource.store_key, old:
        case "resource.k8s.io/resourceclaims", None:
            wanted = _asks_for_admin(object_at(value, "spec"))
        case "resource.k8s.io/resourceclaimtemplates", None:
            wanted = _asks_for_admin(object_at(value, "spec", "spec"))
        case "resource.k8s.io/resourceclaims", _:
            changed = at(value, "status", "allocation") != at(old, "status", "allocation")
            wanted = changed and any(
                result.get("adminAccess") is True
                for result in objects_at(value, "status", "allocation", "devices", "results")
            )
        case _:
            return None
    if not wanted:
        return None
    namespace = store.get(_NAMESPACES, ("", request.namespace))
    if labels_of(namespace or {}).get(ADMIN_ACCESS) == "true":
        return None
    return problems.forbidden(
        request.resource,
        name_of(value),
        f"admin access to devices requires the `{ADMIN_ACCESS}: true` label on the containing namespace",
    )


def _asks_for_admin(spec: JsonObject) -> bool:
    return any(at(request, "exactly", "adminAccess") is True for request in objects_at(spec, "devices", "requests"))
