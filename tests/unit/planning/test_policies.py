"""The scheduler's points, worked out by hand from its rules."""

from __future__ import annotations

import msgspec
import pytest
from dra_core.planning.amounts import nanos, requested
from dra_core.planning.policies import ASSUMED, Choice, Worth, total, worth
from dra_core.snapshot.node import Node
from dra_core.snapshot.pod import PodSpec

NODE = msgspec.convert({"metadata": {"name": "n"}}, Node)


def choice(wanted: dict[str, str], used: dict[str, str]) -> Choice:
    spec = msgspec.convert({"containers": [{"resources": {"requests": wanted}}]}, PodSpec)
    offered = {"cpu": nanos("10"), "memory": nanos("100Gi")}
    taken = {name: nanos(text) for name, text in used.items()}
    return Choice(NODE, spec, requested(spec), offered, taken, requested(spec, ASSUMED), taken, 0, 0)


@pytest.mark.parametrize(
    ("wanted", "used", "points"),
    [
        # Left: cpu 90 %, memory 90 %; as balanced after as before: 50 + 25.
        ({"cpu": "1", "memory": "10Gi"}, {}, 90 + 75),
        # Left: cpu 50 %, memory 99 % (200Mi are assumed); balance falls from 100 to 75: 50 + (50 - 25) / 2.
        ({"cpu": "5"}, {}, (50 + 99) // 2 + 62),
        # Nothing is requested: no points for balance, and what is assumed counts.
        ({}, {}, (99 + 99) // 2),
    ],
)
def test_points_of_a_node_by_itself(wanted: dict[str, str], used: dict[str, str], points: int) -> None:
    assert worth("scheduler", choice(wanted, used)).points == points


def test_raw_scores_count_beside_those_of_others() -> None:
    """Affinity weighs 2, soft taints 3, alternatives 2, each from 0 to 100 of the most there is."""
    assert total(Worth(10, affinity=30), 60, 0, 0) == 10 + 2 * 50 + 3 * 100
    assert total(Worth(10, soft_taints=1), 0, 2, 0) == 10 + 3 * 50
    assert total(Worth(10, alternatives=7), 0, 0, 8) == 10 + 3 * 100 + 2 * 87
