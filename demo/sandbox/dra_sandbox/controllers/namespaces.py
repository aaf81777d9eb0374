"""Empties namespaces that are being deleted, then lets them go; gives every other one its default service account."""

from __future__ import annotations

from dra_sandbox.world.objects import (
    NAMESPACE,
    SERVICE_ACCOUNT,
    World,
    being_deleted,
    name_of,
    namespace_of,
    with_fields,
)
from dra_sandbox.world.writes import Create, Replace, Write, delete

DEFAULT_ACCOUNT = "default"  # core/v1: what a pod runs as that names no service account
FINALIZER = "kubernetes"  # core/v1 FinalizerKubernetes


def namespace_deletions(world: World) -> tuple[Write, ...]:
    """Delete what is in terminating namespaces; finalize those that are empty.

    Everything at once: claims in use are held back by their finalizer until their pods are gone.
    """
    writes: list[Write] = []
    for namespace in world.all(NAMESPACE):
        if not being_deleted(namespace):
            continue
        name = name_of(namespace)
        contents = [value for _, value in world.everything() if namespace_of(value) == name]
        if contents:
            writes += [delete(value, "Background") for value in contents if not being_deleted(value)]
        else:
            body = with_fields(namespace, ("spec",), {"finalizers": []})
            writes.append(Replace(body=body, subresource="finalize"))
    return tuple(writes)


def default_accounts(world: World) -> tuple[Write, ...]:
    """The service account ``default`` in every namespace that lives."""
    return tuple(
        Create(
            body={
                "apiVersion": "v1",
                "kind": "ServiceAccount",
                "metadata": {"name": DEFAULT_ACCOUNT, "namespace": name_of(namespace)},
            }
        )
        for namespace in world.all(NAMESPACE)
        if not being_deleted(namespace) and world.get(SERVICE_ACCOUNT, name_of(namespace), DEFAULT_ACCOUNT) is None
    )
