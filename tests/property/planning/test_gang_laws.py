"""Pods that are placed together or not at all leave nothing behind when one of them fits nowhere."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from dra_core.allocation.cel_language import CelLanguage
from dra_core.planning import Cluster, ClusterSnapshot, Policy, Wanted
from dra_core.planning.ledger import Ledger, Placed
from dra_core.planning.plan import counted_share_ids
from dra_core.planning.pod_claims import Reference
from dra_core.snapshot.node import Node
from dra_core.snapshot.pod import Pod
from hypothesis import given
from hypothesis import strategies as st

from tests.property.planning.clusters import snapshots
from tests.property.planning.test_explain_laws import PODS
from tests.property.planning.test_filter_laws import snapshot_of, worlds
from tests.property.planning.test_plan_laws import POLICY, replicas

LANGUAGE = CelLanguage()


def placed_after(
    snapshot: ClusterSnapshot, policy: Policy, gang: Sequence[Wanted], pods: Sequence[Wanted]
) -> list[object]:
    """What the pods get: the first, then each of the others, after an attempt to place the gang and a lost one."""
    ledger = Ledger(Cluster(snapshot, LANGUAGE), policy, counted_share_ids())
    first = ledger.place(pods[0])
    if gang:
        assert ledger.place_together([*gang, lost(gang[-1])]) == ()
    return [_without_share_ids(item) for item in (first, *map(ledger.place, pods[1:]))]


def lost(item: Wanted) -> Wanted:
    """A pod that no node takes."""
    spec = msgspec.structs.replace(item.pod.spec, node_selector={"no": "where"})
    return msgspec.structs.replace(item, pod=msgspec.structs.replace(item.pod, spec=spec))


def _without_share_ids(item: Placed | None) -> object:
    if item is None:
        return None
    taken = [
        (result.request, result.driver, result.pool, result.device, result.consumed_capacity)
        for claim in item.claims
        if claim.status.allocation is not None
        for result in claim.status.allocation.devices.results
    ]
    return item.pod.metadata.name, item.node, item.equal_choices, item.tied_nodes, item.reservations, taken


@given(snapshots(), PODS, st.integers(1, 3), POLICY)
def test_devices_of_a_gang_that_does_not_fit_are_as_free_as_before(
    snapshot: ClusterSnapshot, pod: Pod, count: int, policy: Policy
) -> None:
    gang, pods = replicas(pod, count + 4)[4:], replicas(pod, 4)
    assert placed_after(snapshot, policy, gang, pods) == placed_after(snapshot, policy, (), pods)


@given(worlds(), POLICY)
def test_pods_of_a_gang_that_does_not_fit_are_nobody_s_neighbours(
    world: tuple[list[Node], list[tuple[Node, Pod]], list[Pod]], policy: Policy
) -> None:
    nodes, placed, new = world
    wanted = [Wanted(pod, Reference("Pod", "default", pod.metadata.name), False) for pod in new]
    snapshot = snapshot_of(nodes, placed)
    assert placed_after(snapshot, policy, wanted[1:], wanted) == placed_after(snapshot, policy, (), wanted)
