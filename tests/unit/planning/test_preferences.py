"""What other pods make of nodes that all take a pod: kube-scheduler's points by example."""

from __future__ import annotations

import msgspec
import pytest
from dra_core.planning.preferences import Preferences
from dra_core.snapshot.json_value import Json, JsonObject
from dra_core.snapshot.node import Node
from dra_core.snapshot.pod import LabelSelector, Pod

SOFT = "preferredDuringSchedulingIgnoredDuringExecution"
HARD = "requiredDuringSchedulingIgnoredDuringExecution"
HOST, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
ZONES = ["a", "a", "b"]
NODES = [
    msgspec.convert({"metadata": {"name": f"n{i}", "labels": {HOST: f"n{i}", ZONE: zone}}}, Node)
    for i, zone in enumerate(ZONES)
]
SIBLINGS = LabelSelector(match_labels={"app": "web"})


def pod(app: str = "web", /, **spec: Json) -> Pod:
    metadata: JsonObject = {"name": "p", "namespace": "team", "labels": {"app": app}}
    return msgspec.convert({"metadata": metadata, "spec": spec}, Pod)


def liking(app: str, weight: int, kind: str = "podAffinity", key: str = ZONE) -> JsonObject:
    selected: JsonObject = {"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}}
    return {"affinity": {kind: {SOFT: [{"weight": weight, "podAffinityTerm": selected}]}}}


def points(new: Pod, placed: list[tuple[int, Pod]], siblings: LabelSelector | None = None) -> list[int]:
    return Preferences(new, NODES, placed, {}, siblings).points([0, 1, 2])


DB = pod("db")
SPREAD: JsonObject = {
    "maxSkew": 1,
    "topologyKey": ZONE,
    "whenUnsatisfiable": "ScheduleAnyway",
    "labelSelector": {"matchLabels": {"app": "web"}},
}


@pytest.mark.parametrize(
    ("new", "placed", "siblings", "expected"),
    [
        (pod(), [(0, DB)], None, [0, 0, 0]),
        (pod(**liking("db", 10)), [(0, DB)], None, [200, 200, 0]),
        (pod(**liking("db", 10, "podAntiAffinity")), [(0, DB)], None, [0, 0, 200]),
        (pod(**liking("db", 10, key=HOST)), [(0, DB), (0, DB), (2, DB)], None, [200, 0, 100]),
        # What running pods like counts as well, and what they require counts a little.
        (pod(), [(2, pod("db", **liking("web", 5)))], None, [0, 0, 200]),
        (
            pod(),
            [(2, pod("db", affinity={"podAffinity": {HARD: [{"topologyKey": ZONE, "labelSelector": {}}]}}))],
            None,
            [0, 0, 200],
        ),
        # Two of the set in zone a, one in zone b: 2 ln 4 and ln 4, rounded to 3 and 1.
        (pod(topologySpreadConstraints=[SPREAD]), [(0, pod()), (1, pod()), (2, pod())], None, [66, 66, 200]),
        # By default over nodes (ln 5, and 2 more) and zones (ln 4, and 4 more).
        (pod(), [(0, pod())], SIBLINGS, [132, 176, 200]),
        (pod(), [], SIBLINGS, [200, 200, 200]),
        (
            pod(topologySpreadConstraints=[{**SPREAD, "whenUnsatisfiable": "DoNotSchedule"}]),
            [(0, pod())],
            SIBLINGS,
            [0, 0, 0],
        ),
    ],
)
def test_points(new: Pod, placed: list[tuple[int, Pod]], siblings: LabelSelector | None, expected: list[int]) -> None:
    assert points(new, placed, siblings) == expected


def test_a_further_pod_counts_as_if_it_had_been_there() -> None:
    found = Preferences(pod(), NODES, [], {}, SIBLINGS)
    found.add(0, pod())
    assert found.points([0, 1, 2]) == points(pod(), [(0, pod())], SIBLINGS)
