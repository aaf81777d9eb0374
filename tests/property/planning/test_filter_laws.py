"""A node that is called fitting passes every filter, judged anew by looking at the world with the pod in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
from dra_core.allocation.cel_language import CelLanguage
from dra_core.planning import Cluster, ClusterSnapshot, Wanted, apply_changes, explain_pod, plan_pods, redacted
from dra_core.planning.pod_claims import Reference
from dra_core.snapshot.json_value import Json, JsonObject
from dra_core.snapshot.node import Node
from dra_core.snapshot.pod import Pod
from hypothesis import given
from hypothesis import strategies as st

LANGUAGE = CelLanguage()
HARD = "requiredDuringSchedulingIgnoredDuringExecution"
APPS = st.sampled_from("ab")
KEYS = st.sampled_from(["zone", "host"])
Placed = Sequence[tuple[Node, Pod]]


@st.composite
def node_lists(draw: st.DrawFn) -> list[Node]:
    found: list[Node] = []
    for number in range(draw(st.integers(1, 4))):
        name = f"n{number}"
        zone = draw(st.sampled_from(["x", "y", ""]))
        labels = {"host": name, **({"zone": zone} if zone else {})}
        found.append(msgspec.convert({"metadata": {"name": name, "labels": labels}}, Node))
    return found


def terms(draw: st.DrawFn) -> list[Json]:
    chosen = draw(st.lists(st.tuples(KEYS, APPS), max_size=2))
    return [{"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}} for key, app in chosen]


@st.composite
def pods(draw: st.DrawFn, name: str) -> Pod:
    constraints: list[Json] = [
        {
            "maxSkew": draw(st.integers(1, 2)),
            "topologyKey": key,
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": {"app": app}},
        }
        for key, app in draw(st.lists(st.tuples(KEYS, APPS), max_size=2, unique=True))
    ]
    ports: list[Json] = [{"hostPort": 80}] if draw(st.integers(0, 3)) == 3 else []
    spec: JsonObject = {
        "containers": [{"name": "c", "ports": ports}],
        "affinity": {"podAffinity": {HARD: terms(draw)}, "podAntiAffinity": {HARD: terms(draw)}},
        "topologySpreadConstraints": constraints if draw(st.booleans()) else [],
    }
    labels: JsonObject = {"app": draw(APPS)}
    return msgspec.convert({"metadata": {"name": name, "namespace": "default", "labels": labels}, "spec": spec}, Pod)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Node], list[tuple[Node, Pod]], list[Pod]]:
    """Nodes, pods on them (placed by no rule at all), and pods that want a node."""
    nodes = draw(node_lists())
    placed = [(draw(st.sampled_from(nodes)), draw(pods(f"old-{i}"))) for i in range(draw(st.integers(0, 4)))]
    return nodes, placed, [draw(pods(f"new-{i}")) for i in range(draw(st.integers(1, 4)))]


def near(first: Node, second: Node, key: str) -> bool:
    return key in first.metadata.labels and first.metadata.labels[key] == second.metadata.labels.get(key)


def app_of(pod: Pod) -> str:
    return pod.metadata.labels["app"]


def required(pod: Pod, anti: bool) -> list[tuple[str, str]]:
    """Topology key and app of each term."""
    assert pod.spec.affinity is not None
    part = pod.spec.affinity.pod_anti_affinity if anti else pod.spec.affinity.pod_affinity
    assert part is not None
    selectors = part.required_during_scheduling_ignored_during_execution
    return [(item.topology_key, item.label_selector.match_labels["app"]) for item in selectors if item.label_selector]


def may_go(new: Pod, node: Node, nodes: Sequence[Node], placed: Placed) -> bool:
    """Kubernetes' documentation, word by word."""
    ports = {port.host_port for container in new.spec.containers for port in container.ports}
    for there, other in placed:
        taken = {port.host_port for container in other.spec.containers for port in container.ports}
        if there is node and ports & taken:
            return False
        if any(app == app_of(other) and near(node, there, key) for key, app in required(new, anti=True)):
            return False
        if any(app == app_of(new) and near(node, there, key) for key, app in required(other, anti=True)):
            return False
    wanted = required(new, anti=False)
    if any(key not in node.metadata.labels for key, _ in wanted):
        return False
    company = [there for there, other in placed if all(app == app_of(other) for _, app in wanted)]
    # Company that no node's label places counts for nobody.
    seen = [there for there in company if any(key in there.metadata.labels for key, _ in wanted)]
    alone = not seen and all(app == app_of(new) for _, app in wanted)
    if not alone and not all(any(near(node, there, key) for there in company) for key, _ in wanted):
        return False
    keys = [item.topology_key for item in new.spec.topology_spread_constraints]
    for item in new.spec.topology_spread_constraints:
        key, selector = item.topology_key, item.label_selector
        assert selector is not None
        if key not in node.metadata.labels:
            return False
        counting = [one for one in nodes if all(key in one.metadata.labels for key in keys)]
        counts = {one.metadata.labels[key]: 0 for one in counting}
        for there, other in placed:
            if there in counting and app_of(other) == selector.match_labels["app"]:
                counts[there.metadata.labels[key]] += 1
        itself = app_of(new) == selector.match_labels["app"]
        here = counts.get(node.metadata.labels[key], 0) + itself
        if here - min(counts.values(), default=0) > item.max_skew:
            return False
    return True


def snapshot_of(nodes: Sequence[Node], placed: Placed) -> ClusterSnapshot:
    running = (
        msgspec.structs.replace(pod, spec=msgspec.structs.replace(pod.spec, node_name=node.metadata.name))
        for node, pod in placed
    )
    return ClusterSnapshot(nodes=tuple(nodes), pods=tuple(running))


@given(worlds())
def test_a_pod_fits_exactly_on_the_nodes_that_pass_every_filter(
    world: tuple[list[Node], list[tuple[Node, Pod]], list[Pod]],
) -> None:
    nodes, placed, (new, *_) = world
    explanation = explain_pod(Cluster(snapshot_of(nodes, placed), LANGUAGE), new)
    assert list(explanation.fitting) == [node.metadata.name for node in nodes if may_go(new, node, nodes, placed)]
    told = [name for group in explanation.groups for name in group.nodes]
    assert sorted(told) == sorted(node.metadata.name for node in nodes)


@given(worlds())
def test_every_step_of_a_plan_passes_every_filter(
    world: tuple[list[Node], list[tuple[Node, Pod]], list[Pod]],
) -> None:
    nodes, placed, new = world
    wanted = [Wanted(pod, Reference("Pod", "default", pod.metadata.name), False) for pod in new]
    plan = plan_pods(Cluster(snapshot_of(nodes, placed), LANGUAGE), wanted)
    where = {item.pod.metadata.name: item for item in plan.placed}
    for pod in new:
        open_nodes = [node.metadata.name for node in nodes if may_go(pod, node, nodes, placed)]
        found = where.get(pod.metadata.name)
        assert (found is not None) == bool(open_nodes)
        if found is not None:
            assert {found.node, *found.tied_nodes} <= set(open_nodes)
            placed.append((next(node for node in nodes if node.metadata.name == found.node), pod))


@given(worlds())
def test_names_of_labels_and_pods_that_are_hashed_change_no_answer(
    world: tuple[list[Node], list[tuple[Node, Pod]], list[Pod]],
) -> None:
    nodes, placed, (new, *_) = world
    plain = snapshot_of(nodes, placed)
    plain = msgspec.structs.replace(plain, pods=(*plain.pods, new))
    hidden = redacted(plain, b"salt")
    told, open_ones = (explain_pod(Cluster(item, LANGUAGE), item.pods[-1]) for item in (hidden, plain))
    names = {node.metadata.name: other.metadata.name for node, other in zip(plain.nodes, hidden.nodes, strict=True)}
    assert set(told.fitting) == {names[name] for name in open_ones.fitting}
    # By node, not by group: where a pod is unwanted by two keys, which of them is told first follows the nodes' names.
    rules = [Counter(group.rule for group in item.groups for _ in group.nodes) for item in (told, open_ones)]
    assert rules[0] == rules[1]


@given(worlds())
def test_what_is_suggested_makes_the_pod_fit_there(
    world: tuple[list[Node], list[tuple[Node, Pod]], list[Pod]],
) -> None:
    nodes, placed, (new, *_) = world
    snapshot = snapshot_of(nodes, placed)
    by_name = {pod.metadata.name: node for node, pod in placed}
    for suggestion in explain_pod(Cluster(snapshot, LANGUAGE), new).suggestions:
        after, changed = apply_changes(snapshot, new, suggestion.changes)
        left = [(by_name[pod.metadata.name], pod) for pod in after.pods]
        assert list(suggestion.nodes) == [node.metadata.name for node in nodes if may_go(changed, node, nodes, left)]
