"""Who may do what: roles and their bindings (rbac.authorization.k8s.io), for everybody who is not system:masters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, object_at, text_at

from dra_sandbox.apiserver.problems import Problem, forbidden
from dra_sandbox.apiserver.requests import Identity, Request
from dra_sandbox.apiserver.store import Store
from dra_sandbox.world.objects import objects_at

_MASTERS = "system:masters"
_RBAC = "rbac.authorization.k8s.io"
_NODES = "system:nodes"
_ACCOUNT = "system:serviceaccount:"


def not_allowed(store: Store, request: Request) -> Problem | None:
    """403 unless a role allows the request."""
    resource = request.resource
    plural = f"{resource.plural}/{request.subresource}" if request.subresource else resource.plural
    if may(store, request.identity, request.verb, resource.group, plural, request.namespace, request.name):
        return None
    where = f'in the namespace "{request.namespace}"' if request.namespace else "at the cluster scope"
    who = request.identity.user
    why = f'User "{who}" cannot {request.verb} resource "{plural}" in API group "{resource.group}" {where}'
    return forbidden(resource, request.name, why)


def may(store: Store, who: Identity, verb: str, group: str, plural: str, namespace: str, name: str) -> bool:
    """Whether a role allows a verb on a resource. Nodes are trusted: what a kubelet may is not looked at."""
    if _MASTERS in who.groups or _NODES in who.groups:
        return True
    return any(_allows(rule, verb, group, plural, name) for rule in _rules(store, who, namespace))


def _rules(store: Store, who: Identity, namespace: str) -> Iterator[JsonObject]:
    """The rules of all roles that are bound to somebody, cluster-wide or in the namespace."""
    for binding in store.of(f"{_RBAC}/clusterrolebindings").values():
        if _binds(binding, who, ""):
            yield from _rules_of(store, binding, "")
    if not namespace:
        return
    for (place, _), binding in store.of(f"{_RBAC}/rolebindings").items():
        if place == namespace and _binds(binding, who, namespace):
            yield from _rules_of(store, binding, namespace)


def _rules_of(store: Store, binding: JsonObject, namespace: str) -> Sequence[JsonObject]:
    name = text_at(binding, "roleRef", "name")
    if text_at(binding, "roleRef", "kind") == "Role":
        role = store.get(f"{_RBAC}/roles", (namespace, name))
    else:
        role = store.get(f"{_RBAC}/clusterroles", ("", name))
    return objects_at(role, "rules")


def _binds(binding: JsonObject, who: Identity, namespace: str) -> bool:
    for subject in objects_at(binding, "subjects"):
        name = text_at(subject, "name")
        match text_at(subject, "kind"):
            case "User":
                found = name == who.user
            case "Group":
                found = name in who.groups
            case "ServiceAccount":
                found = who.user == f"{_ACCOUNT}{text_at(subject, 'namespace') or namespace}:{name}"
            case _:
                found = False
        if found:
            return True
    return False


def _allows(rule: JsonObject, verb: str, group: str, plural: str, name: str) -> bool:
    def has(key: str, *wanted: Json) -> bool:
        listed = list_at(rule, key)
        return "*" in listed or any(one in listed for one in wanted)

    subresource = plural.partition("/")[2]
    names = list_at(rule, "resourceNames")
    return (
        has("verbs", verb)
        and has("apiGroups", group)
        and has("resources", plural, *([f"*/{subresource}"] if subresource else []))
        and (not names or name in names)
    )


def status_not_allowed(store: Store, request: Request, value: JsonObject, old: JsonObject | None) -> Problem | None:
    """Rights on parts of a claim's status (KEP-4817, DRAResourceClaimGranularStatusAuthorization of 1.36).

    Allocation and reservation need the verb on ``resourceclaims/binding``. What a driver reports of its devices needs,
    on ``resourceclaims/driver`` with the driver's name, ``associated-node:VERB`` if the caller's token is bound to the
    node that the claim is allocated for, else ``arbitrary-node:VERB``.
    """
    resource = request.resource
    if resource.store_key != "resource.k8s.io/resourceclaims" or request.subresource != "status" or old is None:
        return None
    if resource.version != "v1" or _MASTERS in request.identity.groups:
        return None
    new_status, old_status = object_at(value, "status"), object_at(old, "status")
    verb, name = request.verb, request.name
    if any(new_status.get(key) != old_status.get(key) for key in ("allocation", "reservedFor")) and not may(
        store, request.identity, verb, resource.group, "resourceclaims/binding", request.namespace, name
    ):
        return forbidden(
            resource,
            name,
            f"changing status.allocation or status.reservedFor requires {verb} on resourceclaims/binding",
        )
    for driver in sorted(_changed_drivers(new_status, old_status)):
        verbs = [f"arbitrary-node:{verb}"]
        if request.identity.node and request.identity.node in _nodes_of(value):
            verbs.append(f"associated-node:{verb}")
        allowed = any(
            may(store, request.identity, one, resource.group, "resourceclaims/driver", request.namespace, driver)
            for one in verbs
        )
        if not allowed:
            return forbidden(
                resource,
                name,
                f"changing status.devices of driver {driver} requires {' or '.join(reversed(verbs))} on "
                f'resourceclaims/driver "{driver}"',
            )
    return None


def _changed_drivers(new: JsonObject, old: JsonObject) -> set[str]:
    def by_driver(status: JsonObject) -> dict[str, list[JsonObject]]:
        found: dict[str, list[JsonObject]] = {}
        for device in objects_at(status, "devices"):
            found.setdefault(text_at(device, "driver"), []).append(device)
        return found

    before, after = by_driver(old), by_driver(new)
    return {driver for driver in {*before, *after} if before.get(driver) != after.get(driver)}


def _nodes_of(claim: JsonObject) -> set[str]:
    """The nodes that the allocation names."""
    return {
        str(name)
        for term in objects_at(claim, "status", "allocation", "nodeSelector", "nodeSelectorTerms")
        for field in objects_at(term, "matchFields")
        if at(field, "key") == "metadata.name"
        for name in list_at(field, "values")
    }
