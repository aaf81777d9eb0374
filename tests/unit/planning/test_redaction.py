"""What a redacted snapshot still tells, and what it must not."""

from __future__ import annotations

import msgspec
from dra_core.allocation.cel_language import CelLanguage
from dra_core.planning import Cluster, ClusterSnapshot, Document, explain_pod, objects_of, read_cluster, redacted
from dra_core.snapshot.json_value import Json, JsonObject

LABEL = "corp.example.com/SECRET-cores"
NODE: JsonObject = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {
        "name": "secret-node",
        "annotations": {"corp": "SECRET"},
        "finalizers": ["corp.example.com/SECRET"],
        "labels": {LABEL: "64", "corp.example.com/SECRET-tenant": "4711"},
    },
    "status": {"allocatable": {"pods": "9"}},
}
SLICE: JsonObject = {
    "apiVersion": "resource.k8s.io/v1",
    "kind": "ResourceSlice",
    "metadata": {"name": "secret-slice"},
    "spec": {
        "driver": "gpu.example.com",
        "perDeviceNodeSelection": True,
        "pool": {"name": "secret-pool", "generation": 1, "resourceSliceCount": 1},
        "devices": [
            {
                "name": "gpu-0",
                "nodeName": "secret-node",
                "attributes": {
                    "host": {"string": "secret-node"},
                    "model": {"string": "A100"},
                    "uuid": {"strings": ["SECRET-0", "SECRET-1"]},
                },
            },
            {"name": "gpu-1", "nodeName": "secret-node-that-is-gone", "attributes": {"model": {"string": "A100"}}},
        ],
    },
}
CLASS: JsonObject = {
    "apiVersion": "resource.k8s.io/v1",
    "kind": "DeviceClass",
    "metadata": {"name": "gpu"},
    "spec": {"selectors": [{"cel": {"expression": "device.attributes['gpu.example.com'].model == 'A100'"}}]},
}
CLAIM_SPEC: JsonObject = {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu"}}]}}
TEMPLATE: JsonObject = {
    "apiVersion": "resource.k8s.io/v1",
    "kind": "ResourceClaimTemplate",
    "metadata": {"name": "secret-template", "namespace": "secret-space"},
    "spec": {"metadata": {"annotations": {"corp": "SECRET"}, "labels": {"corp": "SECRET"}}, "spec": CLAIM_SPEC},
}
CLAIM: JsonObject = {
    "apiVersion": "resource.k8s.io/v1",
    "kind": "ResourceClaim",
    "metadata": {"name": "secret-claim", "namespace": "secret-space"},
    "spec": CLAIM_SPEC,
    "status": {
        "devices": [
            {
                "driver": "gpu.example.com",
                "pool": "secret-pool",
                "device": "gpu-1",
                "conditions": [{"type": "Ready", "status": "True", "message": "SECRET"}],
                "data": {"serial": "SECRET"},
                "networkData": {"interfaceName": "SECRET", "ips": ["SECRET"], "hardwareAddress": "SECRET"},
            }
        ]
    },
}
POD: JsonObject = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "secret-pod", "namespace": "secret-space", "labels": {"corp.example.com/SECRET": "x"}},
    "spec": {
        "containers": [{"name": "secret-program", "resources": {"claims": [{"name": "entry"}]}}],
        "resourceClaims": [{"name": "entry", "resourceClaimTemplateName": "secret-template"}],
        "schedulingGroup": {"podGroupName": "secret-group"},
        "schedulingGates": [],
        "volumes": [{"name": "secret-volume", "persistentVolumeClaim": {"claimName": "secret-data"}}],
        "affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [
                        {
                            "matchExpressions": [
                                {"key": LABEL, "operator": "Gt", "values": ["32"]},
                                {"key": LABEL, "operator": "Exists"},
                            ]
                        }
                    ]
                }
            },
            "podAntiAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [
                    {
                        "topologyKey": LABEL,
                        "namespaces": ["secret-other-space"],
                        "labelSelector": {
                            "matchExpressions": [{"key": "corp.example.com/SECRET", "operator": "Exists"}]
                        },
                    }
                ]
            },
        },
    },
    "status": {"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/1 nodes: SECRET"}]},
}
DEPLOYMENT: JsonObject = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "secret-deployment", "namespace": "secret-space"},
    "spec": {
        "replicas": 0,
        "template": {
            "metadata": {"annotations": {"corp": "SECRET"}},
            "spec": {"containers": [], "schedulingGates": [{"name": "corp.example.com/SECRET"}]},
        },
    },
}


def snapshot(*objects: Json) -> ClusterSnapshot:
    return read_cluster([Document("f", i, value) for i, value in enumerate(objects)]).unwrap().snapshot


def written(given: ClusterSnapshot) -> str:
    return msgspec.json.encode(list(objects_of(given))).decode()


PLAIN = snapshot(NODE, SLICE, CLASS, TEMPLATE, CLAIM, POD, DEPLOYMENT)


def test_no_name_is_left_wherever_it_was_written() -> None:
    text = written(redacted(PLAIN, b"salt"))
    assert "secret" not in text.lower()
    assert "4711" not in text
    assert "A100" in text


def test_the_answer_is_the_same_where_labels_are_compared_as_numbers_or_asked_for_at_all() -> None:
    assert len(explain_pod(Cluster(PLAIN, CelLanguage()), PLAIN.pods[0]).fitting) == 1
    hidden = redacted(PLAIN, b"salt")
    assert len(explain_pod(Cluster(hidden, CelLanguage()), hidden.pods[0]).fitting) == 1


def test_what_an_expression_compares_with_stays_as_it_is() -> None:
    named = snapshot(
        NODE, SLICE, CLASS, TEMPLATE, POD, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "A100"}}
    )
    hidden = redacted(named, b"salt")
    assert len(explain_pod(Cluster(hidden, CelLanguage()), hidden.pods[0]).fitting) == 1


def test_names_of_a_large_cluster_stay_apart() -> None:
    # The hashes of these two, with this salt, begin with the same eight digits.
    spaces: list[Json] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in ("pod-43535", "pod-75353")
    ]
    hidden = redacted(snapshot(*spaces), b"salt")
    assert len({item.metadata.name for item in hidden.namespaces}) == len(spaces)
