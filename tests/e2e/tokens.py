"""Tokens as the driver's pods have them."""

from __future__ import annotations

from dra_core.snapshot.json_value import JsonObject, text_at
from local_cluster.driver import NAMESPACE

from tests.e2e.world import World


def token_of(world: World, pod: JsonObject, *, bound: bool = True) -> str:
    """A token of a pod's ServiceAccount; bound to the pod, and so to its node, as the one in the pod is."""
    reference: JsonObject = {
        "apiVersion": "v1",
        "kind": "Pod",
        "name": text_at(pod, "metadata", "name"),
        "uid": text_at(pod, "metadata", "uid"),
    }
    request: JsonObject = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"boundObjectRef": reference} if bound else {},
    }
    account = text_at(pod, "spec", "serviceAccountName")
    answer = world.api.create(f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{account}/token", request)
    return text_at(answer, "status", "token")
