"""What keeps pods away beside devices: explain names it where the real scheduler refuses, and plan finds the rest.

Ports, other pods, device plugins beside classes, overhead, gates and DaemonSets, on nodes that are API objects only.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest
from dra_core.snapshot.json_value import Json, JsonObject, list_at, object_at, text_at

from tests.e2e.objects import RESOURCE
from tests.e2e.planned import ABSENT, CLAIMS, DRIVER, PODS, SPACE, Planned, planning_nodes, pod, refusal_of
from tests.e2e.world import World, eventually

HARD = "requiredDuringSchedulingIgnoredDuringExecution"
HOST = "kubernetes.io/hostname"
RESOURCE_NAME = "planning.example.com/gpu"


@pytest.fixture(scope="module")
def planned(world: World) -> Iterator[Planned]:
    with planning_nodes(world) as found:
        yield found


def bare(name: str, app: str = "", node: str = "", container: JsonObject | None = None, **spec: Json) -> JsonObject:
    """A pod without claims; ``container`` are further fields of its container."""
    value = pod(name)
    selector: JsonObject = {"planning": "yes", **({HOST: node} if node else {})}
    inner = {key: item for key, item in object_at(value, "spec").items() if key != "resourceClaims"}
    containers: list[Json] = [{**object_at(item), **(container or {})} for item in list_at(inner, "containers")]
    metadata = {**object_at(value, "metadata"), "labels": {"app": app or name}}
    return {
        **value,
        "metadata": metadata,
        "spec": {**inner, "containers": containers, "nodeSelector": selector, **spec},
    }


def requests(**amounts: str) -> JsonObject:
    return {"resources": {"requests": amounts}}


def term(app: str) -> JsonObject:
    return {"topologyKey": HOST, "labelSelector": {"matchLabels": {"app": app}}}


def affinity(kind: str, *apps: str) -> JsonObject:
    return {kind: {HARD: [term(app) for app in apps]}}


def spread(**more: Json) -> list[Json]:
    selector: JsonObject = {"matchLabels": {"app": "spread"}}
    constraint: JsonObject = {"maxSkew": 1, "topologyKey": HOST, "whenUnsatisfiable": "DoNotSchedule"}
    return [{**constraint, "labelSelector": selector, **more}]


def with_port(name: str, node: str = "") -> JsonObject:
    return bare(name, node=node, container={"ports": [{"containerPort": 80, "hostPort": 8080}]})


HELD = "planning-1"

# Name → the pods that run on HELD before, the pod that is refused there, and the rule that says so.
KEPT_AWAY: Mapping[str, tuple[JsonObject, JsonObject, str]] = {
    "port": (with_port("holder", HELD), with_port("refused", HELD), "HostPort"),
    "spread": (
        bare("holder", "spread", HELD),
        bare("refused", "spread", HELD, topologySpreadConstraints=spread(nodeAffinityPolicy="Ignore")),
        "TopologySpread",
    ),
    "anti-affinity": (
        bare("holder", "db", HELD),
        bare("refused", "web", HELD, affinity=affinity("podAntiAffinity", "db")),
        "PodAntiAffinity",
    ),
    "anti-affinity-of-others": (
        bare("holder", "db", HELD, affinity=affinity("podAntiAffinity", "web")),
        bare("refused", "web", HELD),
        "OthersAntiAffinity",
    ),
    "affinity": (
        bare("holder", "db", "planning-2"),
        bare("refused", "web", HELD, affinity=affinity("podAffinity", "db")),
        "PodAffinity",
    ),
    "affinity-to-two-kinds-at-once": (
        bare("holder", "db", HELD),
        bare("refused", "web", HELD, affinity=affinity("podAffinity", "db", "cache")),
        "PodAffinity",
    ),
}


@pytest.mark.parametrize("case", KEPT_AWAY)
def test_what_other_pods_keep_away_from_a_node_is_named(planned: Planned, case: str) -> None:
    holder, refused, rule = KEPT_AWAY[case]
    try:
        planned.api.create(PODS, holder)
        assert planned.node_of("holder")
        planned.api.create(PODS, refused)
        assert refusal_of(planned.decided("refused")), "the scheduler placed the pod"
        explanation = planned.dra("explain", "pod", "refused")
        assert explanation["verdict"] == "DoesNotFit"
        groups = {
            text_at(group, "rule"): list_at(group, "nodes")
            for group in list_at(explanation, "groups")
            if HELD in list_at(group, "nodes")
        }
        assert groups == {rule: [HELD]}, text_at(explanation, "headline")
    finally:
        _end(planned, "holder", "refused")


def _end(planned: Planned, *names: str) -> None:
    for name in names:
        planned.api.delete(f"{PODS}/{name}", 0)
    eventually("the end of the pods", lambda: not any(planned.api.exists(f"{PODS}/{name}") for name in names))


CROWD: list[JsonObject] = [
    value
    for i in range(6)
    for value in (
        bare(f"spread-{i}", "spread", topologySpreadConstraints=spread()),
        with_port(f"port-{i}"),
        bare(f"near-{i}", "near", affinity=affinity("podAffinity", "near")),
        bare(f"alone-{i}", "alone", affinity=affinity("podAntiAffinity", "alone", "near")),
        bare(f"any-{i}", "web"),
    )
]


@pytest.mark.timeout(600, func_only=True)
def test_in_a_crowd_that_minds_each_other_the_real_scheduler_chooses_among_the_predicted(
    planned: Planned, tmp_path: Path
) -> None:
    """Where explain says that the next pod fits, and nowhere else, given what the real scheduler chose so far."""
    path, pending = tmp_path / "pod.json", 0
    try:
        for value in CROWD:
            name = text_at(value, "metadata", "name")
            path.write_text(json.dumps(value))
            fitting = list_at(planned.dra("explain", "pod", name, "-f", str(path)), "fitting")
            planned.api.create(PODS, value)
            node = planned.node_of(name, fits=bool(fitting))
            assert node in fitting if node else not fitting, f"{name} is on {node!r}, predicted {fitting}"
            pending += not node
        assert 0 < pending < len(CROWD)
    finally:
        _end(planned, *(text_at(value, "metadata", "name") for value in CROWD))


@pytest.fixture
def plugin(planned: Planned) -> Iterator[None]:
    """A class that stands for a resource which one node has from a device plugin."""
    classes, status = f"{RESOURCE}/deviceclasses/{DRIVER}", f"/api/v1/nodes/{HELD}/status"
    offered: JsonObject = {RESOURCE_NAME: "2"}
    gone: JsonObject = {RESOURCE_NAME: None}
    try:
        planned.api.merge(classes, {"spec": {"extendedResourceName": RESOURCE_NAME}})
        planned.api.merge(status, {"status": {"capacity": offered, "allocatable": offered}})
        planned.let_the_scheduler_see()
        yield
    finally:
        planned.api.merge(status, {"status": {"capacity": gone, "allocatable": gone}})
        planned.api.merge(classes, {"spec": {"extendedResourceName": None}})


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize(("node", "count", "fits"), [(HELD, 2, True), (HELD, 3, False), ("planning-2", 3, True)])
def test_a_device_plugin_counts_on_its_node_and_claims_on_the_others(
    planned: Planned, tmp_path: Path, node: str, count: int, fits: bool
) -> None:
    limits: JsonObject = {RESOURCE_NAME: str(count), "cpu": "1", "memory": "1Gi"}
    value = bare("extended", node=node, container={"resources": {"limits": limits}})
    path = tmp_path / "pod.json"
    path.write_text(json.dumps(value))
    placed = list_at(planned.dra("plan", "pod", "extended", "-f", str(path)), "placed")
    predicted = [
        (text_at(result, "request"), text_at(result, "pool"), text_at(result, "device"))
        for item in placed
        for made in list_at(item, "claims")
        for result in list_at(made, "status", "allocation", "devices", "results")
    ]
    try:
        planned.api.create(PODS, value)
        assert bool(placed) == fits
        assert bool(planned.node_of("extended", fits)) == fits
        results = [
            (text_at(result, "request"), text_at(result, "pool"), text_at(result, "device"))
            for made in list_at(planned.api.get(CLAIMS), "items")
            for result in list_at(made, "status", "allocation", "devices", "results")
        ]
        assert results == predicted
    finally:
        _end(planned, "extended")
        eventually("the end of its claim", lambda: not list_at(planned.api.get(CLAIMS), "items"))


def test_overhead_of_a_runtime_class_counts_before_the_pod_exists(planned: Planned, tmp_path: Path) -> None:
    classes = "/apis/node.k8s.io/v1/runtimeclasses"
    runtime: JsonObject = {
        "apiVersion": "node.k8s.io/v1",
        "kind": "RuntimeClass",
        "metadata": {"name": "heavy"},
        "handler": "heavy",
        "overhead": {"podFixed": {"cpu": "16"}},
    }
    value = bare("heavy", runtimeClassName="heavy")
    path = tmp_path / "pod.json"
    path.write_text(json.dumps(value))
    try:
        planned.api.create(classes, runtime)
        pending = list_at(planned.dra("plan", "pod", "heavy", "-f", str(path)), "pending")
        assert "insufficient cpu (17 wanted" in text_at(pending[0], "reason")
        planned.api.create(PODS, value)
        assert "Insufficient cpu" in refusal_of(planned.decided("heavy"))
    finally:
        _end(planned, "heavy")
        planned.api.delete(f"{classes}/heavy")


def test_a_pod_with_a_gate_stays_pending(planned: Planned) -> None:
    try:
        planned.api.create(PODS, bare("gated", schedulingGates=[{"name": "example.com/wait"}]))
        assert refusal_of(planned.decided("gated"))
        pending = list_at(planned.dra("plan", "pod", "gated"), "pending")
        assert "example.com/wait" in text_at(pending[0], "reason")
    finally:
        _end(planned, "gated")


def test_a_daemon_set_gets_the_pods_that_plan_says(planned: Planned, tmp_path: Path) -> None:
    """One on every planning node that has room for it; a holder fills one of them."""
    sets = f"/apis/apps/v1/namespaces/{SPACE}/daemonsets"
    inner = object_at(bare("daemon", container=requests(cpu="8")), "spec")
    tolerations: list[Json] = [{"key": key, "operator": "Exists"} for key in ABSENT]
    daemons: JsonObject = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "daemon", "namespace": SPACE},
        "spec": {
            "selector": {"matchLabels": {"app": "daemon"}},
            "template": {
                "metadata": {"labels": {"app": "daemon"}},
                "spec": {**inner, "tolerations": tolerations},
            },
        },
    }
    path = tmp_path / "daemons.json"
    path.write_text(json.dumps(daemons))

    def made() -> list[str]:
        """The nodes of those that are decided about; "" for each refusal, also for one that is not the last word."""
        pods = list_at(planned.api.get(f"{PODS}?labelSelector=app%3Ddaemon"), "items")
        decided = [item for item in pods if text_at(item, "spec", "nodeName") or refusal_of(object_at(item))]
        return sorted(text_at(item, "spec", "nodeName") for item in decided)

    try:
        planned.api.create(PODS, bare("holder", node=HELD, container=requests(cpu="12")))
        assert planned.node_of("holder") == HELD
        predicted = planned.dra("plan", "daemonset", "daemon", "-f", str(path))
        nodes = sorted(text_at(item, "node") for item in list_at(predicted, "placed"))
        planned.api.create(sets, daemons)
        eventually(f"pods on {nodes}, and one refusal", lambda: made() == ["", *nodes])
        assert [text_at(item, "pod", "metadata", "name") for item in list_at(predicted, "pending")] == [
            f"daemon-{HELD}"
        ]
    finally:
        planned.api.delete(f"{sets}/daemon")
        _end(planned, "holder")
        eventually("the end of its pods", lambda: not made())


ZONES = {"planning-1": "a", "planning-2": "a", "planning-3": "b", "planning-4": "b", "planning-5": "c"}
ZONE = "topology.kubernetes.io/zone"


def preferred(kind: str, app: str, key: str = HOST, weight: int = 10) -> JsonObject:
    selected: JsonObject = {"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}}
    terms: list[Json] = [{"weight": weight, "podAffinityTerm": selected}]
    return {kind: {"preferredDuringSchedulingIgnoredDuringExecution": terms}}


SOFT: list[Json] = [
    {
        "maxSkew": 1,
        "topologyKey": ZONE,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"app": "growing"}},
    }
]
GROWING: Mapping[str, JsonObject] = {
    "as kube-scheduler spreads a ReplicaSet by itself": {},
    "softly over zones": {"topologySpreadConstraints": SOFT},
    "rather apart": {"affinity": preferred("podAntiAffinity", "growing")},
    "rather together in a zone": {"affinity": preferred("podAffinity", "growing", ZONE)},
    "together, where the first one goes": {"affinity": affinity("podAffinity", "growing")},
}


@pytest.fixture(scope="module")
def zoned(planned: Planned) -> Planned:
    """The nodes in three zones, one of them half full."""
    for name, zone in ZONES.items():
        planned.api.merge(f"/api/v1/nodes/{name}", {"metadata": {"labels": {ZONE: zone}}})
    planned.let_the_scheduler_see()
    return planned


@pytest.mark.parametrize("case", GROWING)
def test_a_replica_set_grows_onto_nodes_that_plan_names(zoned: Planned, tmp_path: Path, case: str) -> None:
    """One pod after the other, given what the real scheduler chose so far: the next is among those that tie."""
    sets = f"/apis/apps/v1/namespaces/{SPACE}/replicasets"
    template = bare("growing", container=requests(cpu="500m", memory="512Mi"))
    inner: JsonObject = {**object_at(template, "spec"), **GROWING[case]}
    value: JsonObject = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": "growing", "namespace": SPACE},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": "growing"}},
            "template": {"metadata": {"labels": {"app": "growing"}}, "spec": inner},
        },
    }
    path = tmp_path / "set.json"

    def nodes() -> list[str]:
        pods = list_at(zoned.api.get(f"{PODS}?labelSelector=app%3Dgrowing"), "items")
        return [text_at(item, "spec", "nodeName") for item in pods]

    def grown(count: int) -> bool:
        return len(nodes()) == count and all(nodes())

    try:
        zoned.api.create(PODS, bare("holder", node="planning-2", container=requests(cpu="4", memory="16Gi")))
        assert zoned.node_of("holder") == "planning-2"
        zoned.api.create(sets, value)
        seen: list[str] = []
        alone = 0
        for count in range(1, 9):
            path.write_text(json.dumps({**value, "spec": {**object_at(value, "spec"), "replicas": count}}))
            (placed,) = list_at(zoned.dra("plan", "replicaset", "growing", "-f", str(path)), "placed")
            tied = list_at(placed, "tiedNodes") or [text_at(placed, "node")]
            zoned.api.merge(f"{sets}/growing", {"spec": {"replicas": count}})
            eventually("the next pod's node", partial(grown, count))
            (chosen,) = Counter(nodes()) - Counter(seen)
            seen.append(chosen)
            assert chosen in tied, f"number {count} is on {chosen}, predicted {tied}, after {seen[:-1]}"
            alone += len(tied) == 1
        assert alone  # it is no prediction that names all nodes each time
    finally:
        zoned.api.delete(f"{sets}/growing")
        _end(zoned, "holder")
        eventually("the end of the set's pods", lambda: not nodes())
