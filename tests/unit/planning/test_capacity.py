"""How many pods fit where nodes share pools."""

from __future__ import annotations

from dra_core.allocation.cel_language import CelLanguage
from dra_core.planning import Capacity, Cluster, Document, capacity_for, read_cluster, wanted_pods
from dra_core.snapshot.json_value import Json, JsonObject


def node(name: str) -> JsonObject:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": {"allocatable": {"pods": "9"}}}


def pool(name: str, *devices: Json, driver: str = "gpu.example.com", **place: Json) -> JsonObject:
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": name},
        "spec": {
            "driver": driver,
            "pool": {"name": name, "generation": 1, "resourceSliceCount": 1},
            "devices": list(devices),
            **place,
        },
    }


CLASS: JsonObject = {
    "apiVersion": "resource.k8s.io/v1",
    "kind": "DeviceClass",
    "metadata": {"name": "gpu"},
    "spec": {"selectors": [{"cel": {"expression": "device.driver == 'gpu.example.com'"}}]},
}
TEMPLATE: JsonObject = {
    "apiVersion": "resource.k8s.io/v1",
    "kind": "ResourceClaimTemplate",
    "metadata": {"name": "one"},
    "spec": {"spec": {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu"}}]}}},
}
DEPLOYMENT: JsonObject = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "d"},
    "spec": {
        "template": {
            "spec": {"containers": [], "resourceClaims": [{"name": "gpu", "resourceClaimTemplateName": "one"}]}
        }
    },
}
GPUS: list[Json] = [{"name": "gpu-0"}, {"name": "gpu-1"}]


def capacity(*objects: Json) -> Capacity:
    given = (CLASS, TEMPLATE, DEPLOYMENT, *objects)
    snapshot = read_cluster([Document("f", i, value) for i, value in enumerate(given)]).unwrap().snapshot
    return capacity_for(Cluster(snapshot, CelLanguage()), wanted_pods(snapshot)[0], asked=10)


def kinds(found: Capacity) -> list[tuple[str, int, int, int]]:
    return [(kind.example, kind.nodes, kind.pods, kind.needed) for kind in found.kinds]


def test_pools_that_nobody_asks_for_do_not_hide_what_further_nodes_would_carry() -> None:
    nodes = [node("a"), pool("a", *GPUS, nodeName="a"), node("b"), pool("b", *GPUS, nodeName="b")]
    network = pool("network", {"name": "ip-0"}, driver="net.example.com", allNodes=True)
    found = capacity(*nodes, network)
    assert (found.fits, kinds(found)) == (4, [("a", 2, 2, 3)])
    # A pool of GPUs that all nodes share is asked for: how many an empty node carries is not to be told.
    found = capacity(*nodes, pool("fabric", *GPUS, allNodes=True))
    assert (found.fits, kinds(found)) == (6, [])


def test_nodes_that_only_slices_name_are_counted_once() -> None:
    shared = pool("fabric", {"name": "gpu-0", "nodeName": "b"}, perDeviceNodeSelection=True)
    assert capacity(pool("a", *GPUS, nodeName="a"), pool("b", *GPUS, nodeName="b"), shared).fits == 5
