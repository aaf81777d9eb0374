"""What other pods decide about where a pod goes: kube-scheduler's rules by example."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from dra_core.planning.host_ports import host_ports, port_refusal
from dra_core.planning.neighbours import NamespaceLabels, Neighbours
from dra_core.snapshot.json_value import Json, JsonObject
from dra_core.snapshot.node import Node
from dra_core.snapshot.pod import Pod, PodSpec

HARD = "requiredDuringSchedulingIgnoredDuringExecution"
ZONES = {"n1": "a", "n2": "a", "n3": "b", "n4": "c"}
NODES = {
    name: msgspec.convert({"metadata": {"name": name, "labels": {"zone": zone, "host": name}}}, Node)
    for name, zone in ZONES.items()
}
NODES["bare"] = msgspec.convert({"metadata": {"name": "bare", "labels": {"host": "bare"}}}, Node)
NO_SPACES: NamespaceLabels = {}


def pod(name: str, app: str = "web", space: str = "team", **spec: Json) -> Pod:
    metadata: JsonObject = {"name": name, "namespace": space, "labels": {"app": app, "revision": "2"}}
    return msgspec.convert({"metadata": metadata, "spec": spec}, Pod)


def term(app: str, key: str = "zone", **more: Json) -> JsonObject:
    return {"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}, **more}


def near(*terms: Json) -> JsonObject:
    return {"podAffinity": {HARD: list(terms)}}


def away(*terms: Json) -> JsonObject:
    return {"podAntiAffinity": {HARD: list(terms)}}


def open_nodes(
    new: Pod, placed: Sequence[tuple[str, Pod]] = (), namespaces: NamespaceLabels = NO_SPACES
) -> tuple[list[str], set[str]]:
    """The nodes that take the pod, and the rules by which the others do not."""
    found = Neighbours(new, list(NODES.values()), [(NODES[name], other) for name, other in placed], namespaces)
    refusals = {name: found.refusal(node) for name, node in NODES.items()}
    return (
        [name for name, refusal in refusals.items() if refusal is None],
        {refusal.rule for refusal in refusals.values() if refusal is not None},
    )


DB = ("n1", pod("db-0", "db"))


@pytest.mark.parametrize(
    ("new", "nodes", "rule"),
    [
        (pod("x", affinity=near(term("db"))), ["n1", "n2"], "PodAffinity"),
        (pod("x", affinity=near(term("db", "host"))), ["n1"], "PodAffinity"),
        (pod("x", affinity=near(term("cache"))), [], "PodAffinity"),
        (pod("x", affinity=away(term("db"))), ["n3", "n4", "bare"], "PodAntiAffinity"),
        (pod("x", affinity=away(term("db", "host"))), ["n2", "n3", "n4", "bare"], "PodAntiAffinity"),
        (pod("x", space="other", affinity=near(term("db", namespaces=["team"]))), ["n1", "n2"], "PodAffinity"),
        (pod("x", space="other", affinity=near(term("db"))), [], "PodAffinity"),
    ],
)
def test_affinity_and_anti_affinity_look_at_pods_in_the_same_domain(new: Pod, nodes: list[str], rule: str) -> None:
    assert open_nodes(new, [DB]) == (nodes, {rule})


def test_a_node_without_the_label_is_not_in_the_domain_of_an_empty_value() -> None:
    unnamed = msgspec.convert({"metadata": {"name": "unnamed", "labels": {"zone": ""}}}, Node)
    found = Neighbours(
        pod("x", affinity=away(term("db"))), [unnamed, NODES["bare"]], [(unnamed, pod("db-0", "db"))], NO_SPACES
    )
    assert found.refusal(unnamed) is not None
    assert found.refusal(NODES["bare"]) is None


def test_the_first_of_pods_that_want_to_be_together_goes_where_the_label_is() -> None:
    new = pod("x", "web", affinity=near(term("web")))
    assert open_nodes(new)[0] == ["n1", "n2", "n3", "n4"]
    assert open_nodes(new, [("n3", pod("y", "web"))])[0] == ["n3"]


def test_a_pod_counts_for_affinity_only_if_all_terms_select_it() -> None:
    """One pod by each term is not enough: kube-scheduler counts those that every term selects."""
    both = near(term("db"), {"topologyKey": "zone", "labelSelector": {"matchLabels": {"tier": "gold"}}})
    assert open_nodes(pod("x", affinity=both), [DB])[0] == []


def test_anti_affinity_of_a_pod_that_runs_keeps_others_away() -> None:
    guarding = pod("guard", "db", affinity=away(term("web")))
    assert open_nodes(pod("x", "web"), [("n3", guarding)]) == (["n1", "n2", "n4", "bare"], {"OthersAntiAffinity"})
    assert open_nodes(pod("x", "batch"), [("n3", guarding)])[0] == list(NODES)


def test_namespaces_are_selected_by_their_labels() -> None:
    affinity = away(term("db", namespaceSelector={"matchLabels": {"env": "prod"}}))
    new = pod("x", space="other", affinity=affinity)
    assert open_nodes(new, [DB], {"team": {"env": "prod"}})[0] == ["n3", "n4", "bare"]
    assert open_nodes(new, [DB], {"team": {"env": "test"}})[0] == list(NODES)
    everywhere = pod("x", space="other", affinity=away(term("db", namespaceSelector={})))
    assert open_nodes(everywhere, [DB])[0] == ["n3", "n4", "bare"]


def test_label_keys_narrow_a_term_to_pods_of_the_same_revision() -> None:
    older = msgspec.structs.replace(DB[1], metadata=msgspec.structs.replace(DB[1].metadata, labels={"app": "db"}))
    assert open_nodes(pod("x", affinity=near(term("db", matchLabelKeys=["revision"]))), [("n1", older)])[0] == []
    assert open_nodes(pod("x", affinity=away(term("db", mismatchLabelKeys=["revision"]))), [DB])[0] == list(NODES)


def spread(skew: int = 1, key: str = "zone", **more: Json) -> JsonObject:
    selector: JsonObject = {"matchLabels": {"app": "web"}}
    value: JsonObject = {"maxSkew": skew, "topologyKey": key, "whenUnsatisfiable": "DoNotSchedule"}
    return {**value, "labelSelector": selector, **more}


def running(*nodes: str) -> list[tuple[str, Pod]]:
    return [(name, pod(f"w-{number}")) for number, name in enumerate(nodes)]


@pytest.mark.parametrize(
    ("new", "placed", "nodes"),
    [
        (pod("x", topologySpreadConstraints=[spread()]), [], ["n1", "n2", "n3", "n4"]),
        (pod("x", topologySpreadConstraints=[spread()]), running("n1"), ["n3", "n4"]),
        (pod("x", topologySpreadConstraints=[spread(2)]), running("n1"), ["n1", "n2", "n3", "n4"]),
        (pod("x", topologySpreadConstraints=[spread(key="host")]), running("n1", "bare"), ["n2", "n3", "n4"]),
        (pod("x", topologySpreadConstraints=[spread(minDomains=4)]), running("n1", "n3", "n4"), []),
        (pod("x", "db", topologySpreadConstraints=[spread()]), running("n1"), ["n1", "n2", "n3", "n4"]),
        # Zone c does not count for a pod that may not go there.
        (
            pod("x", topologySpreadConstraints=[spread()], nodeSelector={"zone": "a"}),
            running("n1", "n2", "n3"),
            ["n1", "n2", "n3", "n4"],  # the selector itself is another filter's matter
        ),
        (
            pod(
                "x",
                topologySpreadConstraints=[spread(nodeAffinityPolicy="Ignore")],
                nodeSelector={"zone": "a"},
            ),
            running("n1", "n2"),
            ["n3", "n4"],
        ),
        (pod("x", topologySpreadConstraints=[spread(whenUnsatisfiable="ScheduleAnyway")]), running("n1"), list(NODES)),
        (pod("x", topologySpreadConstraints=[spread(labelSelector={})]), running("n1"), ["n1", "n2", "n3", "n4"]),
    ],
)
def test_topology_spread(new: Pod, placed: list[tuple[str, Pod]], nodes: list[str]) -> None:
    assert open_nodes(new, placed)[0] == nodes


def test_a_refusal_names_domain_counts_and_pods() -> None:
    found = Neighbours(
        pod("x", topologySpreadConstraints=[spread()], affinity=away(term("db"))),
        list(NODES.values()),
        [(NODES[name], other) for name, other in (*running("n1"), ("n3", DB[1]))],
        NO_SPACES,
    )
    told = [refusal.text for node in NODES.values() if (refusal := found.refusal(node)) is not None]
    assert told == [
        "zone=a would have 2 of the pods that are to be spread, and the least has 0: more than 1 apart",
        "zone=a would have 2 of the pods that are to be spread, and the least has 0: more than 1 apart",
        "pod team/db-0, which it wants to be away from, is in the same zone",
        "it has no label zone, over which the pod is to be spread",
    ]


def ports(name: str, *given: JsonObject, **spec: Json) -> Pod:
    container: JsonObject = {"name": "c", "ports": list(given)}
    value = pod(name)
    return msgspec.structs.replace(value, spec=msgspec.convert({**spec, "containers": [container]}, PodSpec))


@pytest.mark.parametrize(
    ("new", "other", "refused"),
    [
        ({"hostPort": 80}, {"hostPort": 80}, True),
        ({"hostPort": 80}, {"hostPort": 81}, False),
        ({"hostPort": 80, "protocol": "UDP"}, {"hostPort": 80}, False),
        ({"hostPort": 80, "hostIP": "10.0.0.1"}, {"hostPort": 80, "hostIP": "10.0.0.2"}, False),
        ({"hostPort": 80, "hostIP": "10.0.0.1"}, {"hostPort": 80}, True),
        ({"hostPort": 80, "hostIP": "10.0.0.1"}, {"hostPort": 80, "hostIP": "0.0.0.0"}, True),
        ({"containerPort": 80}, {"hostPort": 80}, False),
    ],
)
def test_host_ports(new: JsonObject, other: JsonObject, refused: bool) -> None:
    refusal = port_refusal(host_ports(ports("x", new)), [ports("y", other)])
    assert (refusal is not None) == refused
    assert refusal is None or refusal.text == "host port 80/TCP is taken by pod team/y"


def test_on_the_host_network_every_port_is_the_hosts_and_init_containers_give_theirs_back() -> None:
    assert host_ports(ports("x", {"containerPort": 80}, hostNetwork=True)) == (("0.0.0.0", "TCP", 80),)
    passing: Json = [{"name": "i", "ports": [{"hostPort": 80}]}]
    staying: Json = [{"name": "s", "restartPolicy": "Always", "ports": [{"hostPort": 80}]}]
    assert host_ports(ports("x", initContainers=passing)) == ()
    assert host_ports(ports("x", initContainers=staying)) == (("0.0.0.0", "TCP", 80),)
