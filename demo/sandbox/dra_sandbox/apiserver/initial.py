"""What is in the store of a cluster from the beginning."""

from __future__ import annotations

from dra_core.snapshot.json_value import JsonObject

from dra_sandbox.apiserver.requests import Circumstances
from dra_sandbox.apiserver.store import Store, put
from dra_sandbox.world.times import stamp

NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
PRIORITY_CLASSES = (("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000))


def initial_store(circumstances: Circumstances) -> Store:
    """The namespaces, priority classes and the role cluster-admin that every cluster has.

    Their UIDs are made from the one that circumstances offer, so that a store is determined by its circumstances.
    """
    store = Store()
    for i, name in enumerate(NAMESPACES):
        value: JsonObject = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": _metadata(name, i, circumstances, {"kubernetes.io/metadata.name": name}),
            "spec": {"finalizers": ["kubernetes"]},
            "status": {"phase": "Active"},
        }
        store, _ = put(store, "/namespaces", ("", name), value)
    for i, (name, priority) in enumerate(PRIORITY_CLASSES):
        value = {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {**_metadata(name, len(NAMESPACES) + i, circumstances, {}), "generation": 1},
            "value": priority,
            "preemptionPolicy": "PreemptLowerPriority",
            "description": "Used for system critical pods that must not be moved from their current node.",
        }
        store, _ = put(store, "scheduling.k8s.io/priorityclasses", ("", name), value)
    everything: JsonObject = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
    number = len(NAMESPACES) + len(PRIORITY_CLASSES)
    role: JsonObject = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": _metadata("cluster-admin", number, circumstances, {}),
        "rules": [everything, {"nonResourceURLs": ["*"], "verbs": ["*"]}],
    }
    return put(store, "rbac.authorization.k8s.io/clusterroles", ("", "cluster-admin"), role)[0]


def _metadata(name: str, number: int, circumstances: Circumstances, labels: dict[str, str]) -> JsonObject:
    return {
        "name": name,
        "uid": f"{circumstances.uid[:-2]}{number:02x}",
        "creationTimestamp": stamp(circumstances.now),
        **({"labels": labels} if labels else {}),
    }
