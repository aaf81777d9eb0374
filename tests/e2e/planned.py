"""Nodes and slices that are API objects only, for tests of ``kubectl dra`` beside the real scheduler.

That no kubelet stands behind the nodes is nothing to a scheduler. Pods tolerate that their node does not answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from click.testing import CliRunner
from dra_core.snapshot.json_value import Json, JsonObject, list_at, object_at, text_at
from dra_kubectl.__main__ import main
from local_cluster.api import Api

from tests.e2e.objects import RESOURCE, path_of
from tests.e2e.world import World, eventually

SPACE = "planning"
DRIVER = "planning.example.com"
PODS = f"/api/v1/namespaces/{SPACE}/pods"
CLAIMS = f"{RESOURCE}/namespaces/{SPACE}/resourceclaims"
TEMPLATES = f"{RESOURCE}/namespaces/{SPACE}/resourceclaimtemplates"
ATTRIBUTES = f"device.attributes['{DRIVER}']"
MODEL_B = f"{ATTRIBUTES}.model == 'B'"
ABSENT = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable", "node.kubernetes.io/network-unavailable")


def node(name: str) -> JsonObject:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"planning": "yes", "kubernetes.io/hostname": name}},
        "spec": {},
        "status": {
            "allocatable": {"cpu": "16", "memory": "64Gi", "pods": "30"},
            "capacity": {"cpu": "16", "memory": "64Gi", "pods": "30"},
            "conditions": [{"type": "Ready", "status": "True", "reason": "Made", "message": "for planning"}],
        },
    }


def slice_of(name: str, devices: list[Json], counters: list[Json] | None = None) -> list[JsonObject]:
    contents: list[JsonObject] = [{"devices": devices}]
    if counters is not None:
        contents.insert(0, {"sharedCounters": counters})
    pool: JsonObject = {"name": name, "generation": 1, "resourceSliceCount": len(contents)}
    return [
        {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceSlice",
            "metadata": {"name": f"{name}-{i}"},
            "spec": {"driver": DRIVER, "nodeName": name, "pool": pool, **content},
        }
        for i, content in enumerate(contents)
    ]


def device(name: str, model: str, **more: Json) -> JsonObject:
    return {"name": name, "attributes": {"model": {"string": model}}, "capacity": {"memory": {"value": "40Gi"}}, **more}


def part(name: str, memory: str) -> JsonObject:
    counters: list[Json] = [{"counterSet": "board", "counters": {"memory": {"value": memory}}}]
    return device(name, "P", consumesCounters=counters)


POLICY: JsonObject = {"default": "10Gi", "validRange": {"min": "1Gi", "step": "1Gi"}}
SHARED: JsonObject = {
    **device("shared-0", "S"),
    "allowMultipleAllocations": True,
    "capacity": {"memory": {"value": "40Gi", "requestPolicy": POLICY}},
}
TAINT: JsonObject = {"key": "planning.example.com/unhealthy", "value": "true", "effect": "NoSchedule"}
POOLS: dict[str, list[JsonObject]] = {
    "planning-1": slice_of("planning-1", [device(f"gpu-{i}", "A") for i in range(4)]),
    "planning-2": slice_of("planning-2", [device(f"gpu-{i}", "AABB"[i]) for i in range(4)]),
    "planning-3": slice_of("planning-3", [device(f"gpu-{i}", "B", taints=[TAINT]) for i in range(2)]),
    "planning-4": slice_of(
        "planning-4",
        [part("part-0", "20Gi"), part("part-1", "20Gi"), part("full", "40Gi")],
        [{"name": "board", "counters": {"memory": {"value": "40Gi"}}}],
    ),
    "planning-5": slice_of("planning-5", [SHARED]),
}


def claim_spec(*expressions: str, constraints: Sequence[Json] = (), **exactly: Json) -> JsonObject:
    selectors: list[Json] = [{"cel": {"expression": text}} for text in expressions]
    request: JsonObject = {"name": "gpu", "exactly": {"deviceClassName": DRIVER, "selectors": selectors, **exactly}}
    return {"devices": {"requests": [request], "constraints": list(constraints)}}


def first_of(*alternatives: JsonObject) -> JsonObject:
    return {"devices": {"requests": [{"name": "gpu", "firstAvailable": list(alternatives)}]}}


def claim(name: str, spec: JsonObject) -> JsonObject:
    metadata: JsonObject = {"name": name, "namespace": SPACE}
    return {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim", "metadata": metadata, "spec": spec}


def pod(name: str, cpu: str = "1", memory: str = "1Gi", **spec: Json) -> JsonObject:
    container: JsonObject = {
        "name": "main",
        "image": "registry.invalid/none",
        "resources": {"requests": {"cpu": cpu, "memory": memory}},
    }
    tolerations: list[Json] = [{"key": key, "operator": "Exists"} for key in ABSENT]
    entries: list[Json] = [{"name": name, "resourceClaimName": name}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": SPACE},
        "spec": {
            "containers": [container],
            "nodeSelector": {"planning": "yes"},
            "tolerations": tolerations,
            "resourceClaims": entries,
            "terminationGracePeriodSeconds": 0,
            **spec,
        },
    }


class Planned:
    """The cluster with nodes and slices for planning."""

    def __init__(self, world: World) -> None:
        self.api = world.api
        self.let_the_scheduler_see = world.let_the_scheduler_see
        self.kubeconfig = str(world.layout.kubeconfig)

    def dra(self, *arguments: str) -> JsonObject:
        """The answer of ``kubectl dra`` as JSON."""
        options = ["--kubeconfig", self.kubeconfig, "-n", SPACE, "-o", "json"]
        return self.offline(*arguments, *options)

    @staticmethod
    def offline(*arguments: str) -> JsonObject:
        """The same where every option is said."""
        answer: JsonObject = json.loads(CliRunner().invoke(main, arguments, catch_exceptions=False).stdout)
        return answer

    def decided(self, name: str) -> JsonObject:
        """The pod, once the scheduler has placed or refused it."""
        found: list[JsonObject] = []

        def done() -> bool:
            value = self.api.get(f"{PODS}/{name}")
            found[:] = [value]
            return bool(text_at(value, "spec", "nodeName")) or refusal_of(value) != ""

        eventually(f"a decision about {name}", done)
        return found[0]

    def node_of(self, name: str, fits: bool = True) -> str:
        """Where the scheduler has put a pod; "" once it has refused one that does not fit.

        One that fits it may refuse at first, for what it has not seen yet (its watches are one for each kind, and
        none waits for another), and then tries it again.
        """
        if not fits:
            return text_at(self.decided(name), "spec", "nodeName")
        found: list[str] = []

        def there() -> bool:
            found[:] = [text_at(self.api.get(f"{PODS}/{name}"), "spec", "nodeName")]
            return found != [""]

        eventually(f"a node for {name}", there)
        return found[0]

    def create(self, value: JsonObject, spec: JsonObject) -> None:
        """A claim, and the pod of the same name that uses it."""
        self.api.create(CLAIMS, claim(text_at(value, "metadata", "name"), spec))
        self.api.create(PODS, value)

    def end(self, *names: str) -> None:
        """Delete pods and their claims, so that all are gone."""
        paths = [f"{collection}/{name}" for name in names for collection in (PODS, CLAIMS)]
        for path in paths:
            self.api.delete(path, 0 if path.startswith(PODS) else None)
        for path in paths:
            eventually(f"the end of {path}", partial(self._is_gone, path))

    def _is_gone(self, path: str) -> bool:
        return not self.api.exists(path)


def refusal_of(value: JsonObject) -> str:
    """The scheduler's message, "" if it has not refused."""
    for item in list_at(value, "status", "conditions"):
        if text_at(item, "type") == "PodScheduled" and text_at(item, "status") == "False":
            return text_at(item, "message")
    return ""


@contextmanager
def planning_nodes(world: World) -> Iterator[Planned]:
    """Nodes, slices, a class and a namespace; taken away at the end."""
    api = world.api
    selectors: list[Json] = [{"cel": {"expression": f"device.driver == '{DRIVER}'"}}]
    device_class: JsonObject = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "DeviceClass",
        "metadata": {"name": DRIVER},
        "spec": {"selectors": selectors},
    }
    try:
        api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}})
        eventually("a service account", lambda: api.exists(f"/api/v1/namespaces/{SPACE}/serviceaccounts/default"))
        api.create(f"{RESOURCE}/deviceclasses", device_class)
        for name, slices in POOLS.items():
            api.create("/api/v1/nodes", node(name))
            for item in slices:
                api.create(f"{RESOURCE}/resourceslices", item)
        world.let_the_scheduler_see()
        yield Planned(world)
    finally:
        _take_away(api)


def _take_away(api: Api) -> None:
    """All of it, also where only a part was made."""
    for left in list_at(api.get(PODS), "items"):
        api.delete(f"{PODS}/{text_at(left, 'metadata', 'name')}", 0)
    api.delete(f"/api/v1/namespaces/{SPACE}")
    for name, slices in POOLS.items():
        for item in slices:
            api.delete(f"{RESOURCE}/resourceslices/{text_at(item, 'metadata', 'name')}")
        api.delete(f"/api/v1/nodes/{name}")
    api.delete(f"{RESOURCE}/deviceclasses/{DRIVER}")
    eventually("the end of the namespace", lambda: not api.exists(f"/api/v1/namespaces/{SPACE}"))
    eventually("the end of the pods on the nodes that were", lambda: not _left_by_daemon_sets(api))


def _left_by_daemon_sets(api: Api) -> list[Json]:
    """DaemonSets, the driver's too, gave the nodes pods; without a kubelet these take a minute to be collected."""
    left = [pod for pod in list_at(api.get("/api/v1/pods"), "items") if text_at(pod, "spec", "nodeName") in POOLS]
    for found in left:
        api.delete(path_of({"kind": "Pod", **object_at(found)}), 0)
    return left
