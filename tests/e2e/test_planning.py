"""``kubectl dra`` beside the real scheduler: it names the reasons of a refusal, and predicts what is chosen.

Nodes and slices are API objects only; that no kubelet stands behind them is nothing to a scheduler. Pods tolerate that
their node does not answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
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
        self.kubeconfig = str(world.layout.kubeconfig)

    def dra(self, *arguments: str) -> JsonObject:
        """The answer of ``kubectl dra`` as JSON."""
        options = ["--kubeconfig", self.kubeconfig, "-n", SPACE, "-o", "json"]
        answer: JsonObject = json.loads(CliRunner().invoke(main, [*arguments, *options], catch_exceptions=False).stdout)
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

    def create(self, value: JsonObject, spec: JsonObject) -> None:
        """A claim, and the pod of the same name that uses it."""
        self.api.create(CLAIMS, claim(text_at(value, "metadata", "name"), spec))
        self.api.create(PODS, value)

    def end(self, name: str) -> None:
        """Delete a pod and its claim, so that both are gone."""
        self.api.delete(f"{PODS}/{name}", 0)
        self.api.delete(f"{CLAIMS}/{name}")
        eventually(f"the end of {name}", lambda: not self.api.exists(f"{PODS}/{name}"))
        eventually(f"the end of its claim {name}", lambda: not self.api.exists(f"{CLAIMS}/{name}"))


def refusal_of(value: JsonObject) -> str:
    """The scheduler's message, "" if it has not refused."""
    for item in list_at(value, "status", "conditions"):
        if text_at(item, "type") == "PodScheduled" and text_at(item, "status") == "False":
            return text_at(item, "message")
    return ""


@pytest.fixture(scope="module")
def planned(world: World) -> Iterator[Planned]:
    """Nodes, slices, a class and a namespace; taken away at the end."""
    api = world.api
    selectors: list[Json] = [{"cel": {"expression": f"device.driver == '{DRIVER}'"}}]
    device_class: JsonObject = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "DeviceClass",
        "metadata": {"name": DRIVER},
        "spec": {"selectors": selectors},
    }
    api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}})
    eventually("a service account", lambda: api.exists(f"/api/v1/namespaces/{SPACE}/serviceaccounts/default"))
    api.create(f"{RESOURCE}/deviceclasses", device_class)
    for name, slices in POOLS.items():
        api.create("/api/v1/nodes", node(name))
        for item in slices:
            api.create(f"{RESOURCE}/resourceslices", item)
    yield Planned(world)
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


# Name → the pod, its claim, and where in the explanation the reason must be: a rule, or a fault's code.
CATALOGUE: dict[str, tuple[JsonObject, JsonObject, str]] = {
    "no-such-class": (pod("no-such-class"), claim_spec(deviceClassName="planning.example.co"), "ClassMissing"),
    "no-such-model": (pod("no-such-model"), claim_spec(f"{ATTRIBUTES}.model == 'Z'"), "Request"),
    "failing": (pod("failing"), claim_spec(f"{ATTRIBUTES}.absent == 'x'"), "Error"),
    "too-many": (pod("too-many"), claim_spec(count=5), "Devices"),
    "too-much-capacity": (pod("too-much-capacity"), claim_spec(capacity={"requests": {"memory": "80Gi"}}), "Capacity"),
    "tainted": (
        pod("tainted", nodeSelector={"kubernetes.io/hostname": "planning-3"}),
        claim_spec(MODEL_B),
        "Taint",
    ),
    "unlike": (
        pod("unlike", nodeSelector={"kubernetes.io/hostname": "planning-2"}),
        claim_spec(count=3, constraints=[{"matchAttribute": f"{DRIVER}/model"}]),
        "Devices",
    ),
    "counters": (
        pod("counters", nodeSelector={"kubernetes.io/hostname": "planning-4"}),
        claim_spec(count=3),
        "Devices",
    ),
    "too-much-cpu": (pod("too-much-cpu", cpu="17"), claim_spec(), "Resources"),
    "wrong-selector": (pod("wrong-selector", nodeSelector={"planning": "no"}), claim_spec(), "NodeSelector"),
}


@pytest.mark.parametrize("name", CATALOGUE)
def test_explain_names_the_reason_for_which_the_real_scheduler_refuses(planned: Planned, name: str) -> None:
    value, spec, reason = CATALOGUE[name]
    planned.create(value, spec)
    try:
        refusal = refusal_of(planned.decided(name))
        assert refusal, "the scheduler placed the pod"
        explanation = planned.dra("explain", "pod", name)
        assert explanation["verdict"] == "DoesNotFit"
        told = {text_at(fault, "code") for fault in list_at(explanation, "faults")}
        for group in list_at(explanation, "groups"):
            told.add(text_at(group, "rule"))
            for account in list_at(group, "account", "requests"):
                told |= {text_at(item, "rule") for item in list_at(account, "refused")}
        assert reason in told, f"{refusal}\n{text_at(explanation, 'headline')}"
    finally:
        planned.end(name)


def test_explain_says_who_holds_what_the_real_scheduler_misses(planned: Planned) -> None:
    holding = claim_spec(f"{ATTRIBUTES}.model == 'A'", count=4)
    wanting = claim_spec(f"{ATTRIBUTES}.model == 'A'", count=3)
    planned.create(pod("holding"), holding)
    assert text_at(planned.decided("holding"), "spec", "nodeName") == "planning-1"
    planned.create(pod("wanting"), wanting)
    try:
        assert refusal_of(planned.decided("wanting"))
        explanation = planned.dra("explain", "pod", "wanting")
        texts = [text_at(item, "text") for item in list_at(explanation, "suggestions")]
        assert f"wait for, or end, {SPACE}/holding (pod holding): planning-1 fits" in texts
        planned.end("holding")
        eventually("the pod's turn", lambda: bool(text_at(planned.api.get(f"{PODS}/wanting"), "spec", "nodeName")))
    finally:
        planned.end("holding")
        planned.end("wanting")


MIXED: list[tuple[JsonObject, JsonObject]] = [
    (pod(f"mixed-{i}", cpu, memory), spec)
    for i, (cpu, memory, spec) in enumerate(
        (cpu, memory, spec)
        for cpu, memory in (("1", "1Gi"), ("500m", "4Gi"), ("2", "512Mi"), ("250m", "2Gi"), ("1", "8Gi"))
        for spec in (
            claim_spec(),
            claim_spec(MODEL_B),
            claim_spec(count=2),
            claim_spec(f"{ATTRIBUTES}.model == 'P'"),
            claim_spec(f"{ATTRIBUTES}.model == 'S'", capacity={"requests": {"memory": "5Gi"}}),
            claim_spec(MODEL_B, tolerations=[{"operator": "Exists"}]),
            claim_spec(count=2, constraints=[{"matchAttribute": f"{DRIVER}/model"}]),
            claim_spec(f"{ATTRIBUTES}.model == 'A'", allocationMode="All"),
            first_of(
                {"name": "b", "deviceClassName": DRIVER, "selectors": [{"cel": {"expression": MODEL_B}}]},
                {"name": "any", "deviceClassName": DRIVER},
            ),
            claim_spec(capacity={"requests": {"memory": "30Gi"}}),
        )
    )
]


def results_of(value: JsonObject) -> list[tuple[str, str, str]]:
    """What a claim got: request, pool, device."""
    results = list_at(value, "status", "allocation", "devices", "results")
    return [(text_at(item, "request"), text_at(item, "pool"), text_at(item, "device")) for item in results]


@pytest.mark.timeout(900, func_only=True)
def test_plan_predicts_what_the_real_scheduler_does_with_fifty_pods(planned: Planned, tmp_path: Path) -> None:
    """One after the other: the node is the predicted one, or one as good; the devices are those predicted there."""
    assert len(MIXED) == 50
    path, placed, surprises = tmp_path / "pod.json", 0, 0
    for value, spec in MIXED:
        name = text_at(value, "metadata", "name")
        items: list[Json] = [claim(name, spec), value]
        path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        predicted = planned.dra("plan", "-f", str(path))
        planned.create(value, spec)
        node_name = text_at(planned.decided(name), "spec", "nodeName")
        choices = list_at(predicted, "placed")
        assert bool(choices) == bool(node_name), f"{name} is on {node_name!r}; {list_at(predicted, 'pending')}"
        if not node_name:
            planned.end(name)
            continue
        placed += 1
        best = text_at(choices[0], "node")
        if node_name != best:
            surprises += 1
            ties = object_at(choices[0]).get("equalChoices")
            assert isinstance(ties, int)
            assert ties > 1, f"{name}: predicted {best} alone, the scheduler chose {node_name}"
            continue
        made = object_at(list_at(choices[0], "claims")[0])
        assert results_of(planned.api.get(f"{CLAIMS}/{name}")) == results_of(made), name
    assert placed > 10
    assert surprises <= placed // 2
