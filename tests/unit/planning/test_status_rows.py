"""Whom a row of devices names."""

from __future__ import annotations

from dra_core.allocation.cel_language import CelLanguage
from dra_core.planning import Cluster, Document, by_namespace, by_node, read_cluster, status_of
from dra_core.snapshot.json_value import Json, JsonObject


def claim(namespace: str, device: str, *pods: str) -> JsonObject:
    result: JsonObject = {"request": "gpu", "driver": "d.example.com", "pool": "n", "device": device}
    reserved: list[Json] = [{"resource": "pods", "name": pod, "uid": f"{namespace}-{pod}"} for pod in pods]
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": f"c-{device}", "namespace": namespace},
        "spec": {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu"}}]}},
        "status": {"allocation": {"devices": {"results": [result]}}, "reservedFor": reserved},
    }


def test_pods_of_the_same_name_are_told_apart_by_their_namespace() -> None:
    devices: list[Json] = [{"name": name} for name in "abc"]
    pool: JsonObject = {"name": "n", "generation": 1, "resourceSliceCount": 1}
    published: JsonObject = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": "s"},
        "spec": {"driver": "d.example.com", "nodeName": "n", "pool": pool, "devices": devices},
    }
    objects = [published, claim("one", "a", "pod0"), claim("two", "b", "pod0"), claim("two", "c")]
    snapshot = read_cluster([Document("f", i, value) for i, value in enumerate(objects)]).unwrap().snapshot
    status = status_of(Cluster(snapshot, CelLanguage()))
    assert [row.users for row in by_node(status)] == [("one/pod0", "two/pod0", "claim two/c-c")]
    assert [(row.name, row.users) for row in by_namespace(status)] == [
        ("one", ("pod0",)),
        ("two", ("pod0", "claim c-c")),
    ]
