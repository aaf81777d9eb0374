"""Plans never give a device twice, and capacity says exactly how many replicas a plan places."""

from __future__ import annotations

from collections import Counter

import msgspec
from dra_core.allocation.cel_language import CelLanguage
from dra_core.planning import (
    POLICIES,
    Cluster,
    ClusterSnapshot,
    Placed,
    Plan,
    Policy,
    Wanted,
    capacity_for,
    explain_pod,
    plan_pods,
    snapshot_after,
    status_of,
)
from dra_core.planning.amounts import nanos
from dra_core.planning.daemons import bound
from dra_core.planning.pod_claims import Reference
from dra_core.snapshot.pod import Pod
from hypothesis import given
from hypothesis import strategies as st

from tests.property.planning.clusters import snapshots, wanting_pod
from tests.property.planning.test_explain_laws import PODS

LANGUAGE = CelLanguage()
ORIGIN = Reference("Deployment", "default", "wants")
POLICY = st.sampled_from(POLICIES)


def replicas(pod: Pod, count: int) -> list[Wanted]:
    cpu = pod.spec.containers[0].resources.requests["cpu"]
    return [Wanted(wanting_pod(f"wants-{i}", cpu, pod.spec.node_selector), ORIGIN, False) for i in range(count)]


def use_of(snapshot: ClusterSnapshot, plan: Plan) -> Counter[tuple[str, str, str]]:
    """How often each device is held as a whole, after the plan."""
    after = snapshot_after(snapshot, plan.placed)
    results = [
        result
        for claim in after.claims
        if claim.status.allocation is not None
        for result in claim.status.allocation.devices.results
    ]
    return Counter((item.driver, item.pool, item.device) for item in results if item.share_id is None)


@given(snapshots(failing=False), PODS, st.integers(1, 6), POLICY)
def test_a_plan_gives_no_more_than_there_is(snapshot: ClusterSnapshot, pod: Pod, count: int, policy: Policy) -> None:
    plan = plan_pods(Cluster(snapshot, LANGUAGE), replicas(pod, count), policy=policy)
    assert len(plan.placed) + len(plan.pending) == count
    assert max(use_of(snapshot, plan).values(), default=0) <= 1
    after = Cluster(snapshot_after(snapshot, plan.placed), LANGUAGE)
    for node in after.nodes:
        assert after.used.get(node.metadata.name, {}).get("cpu", 0) <= nanos(node.status.allocatable["cpu"])
    for counter in status_of(after).counters:
        assert nanos(counter.used) <= nanos(counter.value)
    for name, consumed in after.allocated.consumed.items():
        device = next(
            item
            for slices in after.inventory.pools.values()
            for part in slices
            for item in part.devices
            if item.id == name
        )
        assert all(amount <= device.capacity[key].value.nanos for key, amount in consumed.items())


@given(snapshots(failing=False), PODS, st.integers(1, 6), POLICY)
def test_what_stays_pending_fits_nowhere_beside_what_was_placed(
    snapshot: ClusterSnapshot, pod: Pod, count: int, policy: Policy
) -> None:
    plan = plan_pods(Cluster(snapshot, LANGUAGE), replicas(pod, count), policy=policy)
    after = Cluster(snapshot_after(snapshot, plan.placed), LANGUAGE)
    for item in plan.pending:
        assert explain_pod(after, item.pod).verdict == "DoesNotFit"


@given(snapshots(failing=False), PODS, POLICY)
def test_capacity_n_fits_and_one_more_does_not(snapshot: ClusterSnapshot, pod: Pod, policy: Policy) -> None:
    cluster = Cluster(snapshot, LANGUAGE)
    fits = capacity_for(cluster, replicas(pod, 1)[0]).fits
    assert len(plan_pods(cluster, replicas(pod, fits), policy=policy).placed) == fits
    assert len(plan_pods(cluster, replicas(pod, fits + 1), policy=policy).placed) == fits


@given(snapshots(failing=False), PODS, st.integers(1, 6))
def test_all_or_nothing(snapshot: ClusterSnapshot, pod: Pod, count: int) -> None:
    cluster = Cluster(snapshot, LANGUAGE)
    one_by_one = plan_pods(cluster, replicas(pod, count))
    together = plan_pods(cluster, replicas(pod, count), all_or_nothing=True)
    assert together.placed == (one_by_one.placed if not one_by_one.pending else ())
    assert len(together.placed) + len(together.pending) == count


@given(snapshots(), PODS, POLICY)
def test_pods_that_are_for_one_node_each_go_there_exactly_if_they_fit(
    snapshot: ClusterSnapshot, pod: Pod, policy: Policy
) -> None:
    pods = [
        Wanted(msgspec.structs.replace(item.pod, spec=bound(item.pod.spec, node.metadata.name)), ORIGIN, False)
        for node, item in zip(snapshot.nodes, replicas(pod, len(snapshot.nodes)), strict=True)
    ]
    nodes = {item.pod.metadata.name: node.metadata.name for item, node in zip(pods, snapshot.nodes, strict=True)}
    plan = plan_pods(Cluster(snapshot, LANGUAGE), pods, policy=policy)
    assert {item.pod.metadata.name: item.node for item in plan.placed}.items() <= nodes.items()
    placed = {item.pod.metadata.name: item for item in plan.placed}
    before: list[Placed] = []
    for item in pods:
        verdict = explain_pod(Cluster(snapshot_after(snapshot, before), LANGUAGE), item.pod).verdict
        assert (verdict == "Fits") == (item.pod.metadata.name in placed)
        before += [placed[item.pod.metadata.name]] if item.pod.metadata.name in placed else []
