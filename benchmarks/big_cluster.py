"""A cluster of any size as kubectl would print it: nodes with GPUs, half of them in use, and a pod that wants one."""

from __future__ import annotations

from collections.abc import Iterator

from dra_core.snapshot.json_value import Json, JsonObject

DRIVER = "gpu.example.com"
MODEL = f"device.attributes['{DRIVER}'].model == 'LATEST-GPU-MODEL'"
MEMORY = f"device.capacity['{DRIVER}'].memory.compareTo(quantity('40Gi')) >= 0"


def cluster_list(nodes: int, gpus: int, claims: int) -> JsonObject:
    """All objects as one List; each claim holds one GPU and is used by one pod."""
    return {"apiVersion": "v1", "kind": "List", "items": list(_objects(nodes, gpus, claims))}


def workload(replicas: int) -> JsonObject:
    """A Deployment whose pods want a GPU each, from a template that is in the cluster."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "train", "namespace": "team"},
        "spec": {"replicas": replicas, "template": {"metadata": {"labels": {"app": "train"}}, "spec": _pod_spec("")}},
    }


def _objects(nodes: int, gpus: int, claims: int) -> Iterator[JsonObject]:
    yield {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "DeviceClass",
        "metadata": {"name": DRIVER, "uid": "class"},
        "spec": {"selectors": [{"cel": {"expression": f"device.driver == '{DRIVER}'"}}]},
    }
    yield {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaimTemplate",
        "metadata": {"name": "gpu", "namespace": "team", "uid": "template"},
        "spec": {"spec": _claim_spec()},
    }
    for number in range(nodes):
        yield _node(f"node-{number}")
        yield _slice(f"node-{number}", gpus)
    for number in range(claims):
        node, gpu = number % nodes, (number // nodes + number % nodes) % gpus
        yield _claim(number, f"node-{node}", f"gpu-{gpu}")
        yield _pod(number, f"node-{node}")
    yield {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "waiting", "namespace": "team", "uid": "waiting"},
        "spec": _pod_spec(""),
        "status": {"phase": "Pending"},
    }


def _node(name: str) -> JsonObject:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "uid": f"uid-{name}",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": f"zone-{len(name) % 3}"},
        },
        "spec": {"podCIDR": "10.0.0.0/24"},
        "status": {
            "allocatable": {"cpu": "96", "memory": "1Ti", "pods": "110"},
            "capacity": {"cpu": "96", "memory": "1Ti", "pods": "110"},
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
            "nodeInfo": {"kubeletVersion": "v1.37.2", "osImage": "linux"},
        },
    }


def _slice(node: str, gpus: int) -> JsonObject:
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {
            "name": f"00000-{DRIVER}-{node}-abcde",
            "generateName": f"00000-{DRIVER}-{node}-",
            "uid": f"slice-{node}",
            "ownerReferences": [
                {"apiVersion": "v1", "kind": "Node", "name": node, "uid": f"uid-{node}", "controller": True}
            ],
        },
        "spec": {
            "driver": DRIVER,
            "nodeName": node,
            "pool": {"name": node, "generation": 1, "resourceSliceCount": 1},
            "devices": [
                {
                    "name": f"gpu-{gpu}",
                    "attributes": {
                        "driverVersion": {"version": "1.0.0"},
                        "index": {"int": gpu},
                        "model": {"string": "LATEST-GPU-MODEL"},
                        "uuid": {"string": f"gpu-{node}-{gpu}"},
                    },
                    "capacity": {"memory": {"value": "80Gi"}, "compute": {"value": "100"}},
                }
                for gpu in range(gpus)
            ],
        },
    }


def _claim_spec() -> JsonObject:
    exactly: dict[str, Json] = {
        "deviceClassName": DRIVER,
        "allocationMode": "ExactCount",
        "count": 1,
        "selectors": [{"cel": {"expression": MODEL}}, {"cel": {"expression": MEMORY}}],
    }
    return {"devices": {"requests": [{"name": "gpu", "exactly": exactly}]}}


def _claim(number: int, node: str, gpu: str) -> JsonObject:
    here = {"key": "metadata.name", "operator": "In", "values": [node]}
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {
            "name": f"run-{number}-gpu-abcde",
            "namespace": "team",
            "uid": f"claim-{number}",
            "annotations": {"resource.kubernetes.io/pod-claim-name": "gpu"},
            "finalizers": ["resource.kubernetes.io/delete-protection"],
            "ownerReferences": [
                {"apiVersion": "v1", "kind": "Pod", "name": f"run-{number}", "uid": f"pod-{number}", "controller": True}
            ],
        },
        "spec": _claim_spec(),
        "status": {
            "allocation": {
                "devices": {"results": [{"request": "gpu", "driver": DRIVER, "pool": node, "device": gpu}]},
                "nodeSelector": {"nodeSelectorTerms": [{"matchFields": [here]}]},
            },
            "reservedFor": [{"resource": "pods", "name": f"run-{number}", "uid": f"pod-{number}"}],
        },
    }


def _pod_spec(node: str) -> JsonObject:
    container: JsonObject = {
        "name": "main",
        "image": "registry.example.com/train:1",
        "resources": {"requests": {"cpu": "4", "memory": "16Gi"}, "claims": [{"name": "gpu"}]},
    }
    spec: dict[str, Json] = {
        "containers": [container],
        "resourceClaims": [{"name": "gpu", "resourceClaimTemplateName": "gpu"}],
    }
    return {**spec, "nodeName": node} if node else spec


def _pod(number: int, node: str) -> JsonObject:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"run-{number}", "namespace": "team", "uid": f"pod-{number}", "labels": {"app": "run"}},
        "spec": _pod_spec(node),
        "status": {
            "phase": "Running",
            "resourceClaimStatuses": [{"name": "gpu", "resourceClaimName": f"run-{number}-gpu-abcde"}],
        },
    }
