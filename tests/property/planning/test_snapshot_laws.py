"""A snapshot is read as it was written; hashing its names changes no answer; what-ifs do what they say."""

from __future__ import annotations

import msgspec
from dra_core.allocation.cel_language import CelLanguage
from dra_core.planning import (
    AddNodes,
    Cluster,
    ClusterSnapshot,
    Devices,
    Document,
    Drain,
    FailDevices,
    RemoveNode,
    Repartition,
    changed,
    explain_pod,
    objects_of,
    read_cluster,
    redacted,
    status_of,
    wanted_pods,
)
from dra_core.planning.amounts import nanos
from dra_core.snapshot.device import Counter
from dra_core.snapshot.pod import Pod
from hypothesis import given
from hypothesis import strategies as st

from tests.property.planning.clusters import snapshots
from tests.property.planning.test_explain_laws import PODS

LANGUAGE = CelLanguage()


def with_pod(snapshot: ClusterSnapshot, pod: Pod) -> ClusterSnapshot:
    return msgspec.structs.replace(snapshot, pods=(*snapshot.pods, pod))


@given(snapshots(), PODS)
def test_what_is_written_is_read(snapshot: ClusterSnapshot, pod: Pod) -> None:
    snapshot = with_pod(snapshot, pod)
    text = msgspec.json.encode({"apiVersion": "v1", "kind": "List", "items": list(objects_of(snapshot))})
    assert read_cluster([Document("snapshot", 1, text)]).unwrap().snapshot == snapshot


@given(snapshots(), PODS)
def test_a_redacted_snapshot_gives_the_same_answers_without_the_names(snapshot: ClusterSnapshot, pod: Pod) -> None:
    snapshot = with_pod(snapshot, pod)
    hidden = redacted(snapshot, b"salt")
    text = msgspec.json.encode(list(objects_of(hidden))).decode()
    assert not any(f'"{node.metadata.name}"' in text for node in snapshot.nodes)
    assert '"wants"' not in text
    told, plain = (explain_pod(Cluster(item, LANGUAGE), item.pods[-1]) for item in (hidden, snapshot))
    assert told.verdict == plain.verdict
    assert len(told.fitting) == len(plain.fitting)
    assert [len(item.nodes) for item in told.suggestions] == [len(item.nodes) for item in plain.suggestions]
    states = [[device.state for device in status_of(Cluster(item, LANGUAGE)).devices] for item in (hidden, snapshot)]
    assert sorted(states[0]) == sorted(states[1])
    assert redacted(snapshot, b"salt") == hidden


@given(snapshots(), PODS)
def test_an_added_node_fits_whatever_its_model_fits_when_empty(snapshot: ClusterSnapshot, pod: Pod) -> None:
    model = snapshot.nodes[0].metadata.name
    more = changed(snapshot, [AddNodes(like=model, count=2)]).unwrap()
    assert len(more.nodes) == len(snapshot.nodes) + 2
    empty = changed(snapshot, [Drain(node=model), AddNodes(like=model)]).unwrap()
    before = explain_pod(Cluster(snapshot, LANGUAGE), pod)
    after = explain_pod(Cluster(empty, LANGUAGE), pod)
    if model in before.fitting:
        assert f"{model}-new-1" in after.fitting


@given(snapshots())
def test_draining_frees_the_devices_and_lets_the_pods_wait(snapshot: ClusterSnapshot) -> None:
    name = snapshot.nodes[0].metadata.name
    drained = changed(snapshot, [Drain(node=name)]).unwrap()
    here = [item for item in status_of(Cluster(drained, LANGUAGE)).devices if item.node == name]
    assert all(item.state == "Free" for item in here)
    moved = [pod for pod in snapshot.pods if pod.spec.node_name == name]
    assert len(wanted_pods(drained)) == len(wanted_pods(snapshot)) + len(moved)
    removed = changed(snapshot, [RemoveNode(node=name)]).unwrap()
    assert all(item.node != name for item in status_of(Cluster(removed, LANGUAGE)).devices)


@given(snapshots())
def test_a_failed_device_is_gone_and_who_used_it_waits(snapshot: ClusterSnapshot) -> None:
    devices = status_of(Cluster(snapshot, LANGUAGE)).devices
    failed = [item for item in devices if item.device == "gpu-0"]
    outcome = changed(snapshot, [FailDevices(devices=Devices(device="gpu-0"))])
    if not failed:
        assert outcome.failure().code == "WhatIfMeansNothing"
        return
    after = outcome.unwrap()
    assert len(status_of(Cluster(after, LANGUAGE)).devices) == len(devices) - len(failed)
    users = {pod for item in failed for use in item.uses for pod in use.pods}
    assert {item.pod.metadata.name for item in wanted_pods(after)} == users


def drawn(snapshot: ClusterSnapshot, pool: str, name: str) -> list[Counter]:
    """What a device draws from counters."""
    return [
        counter
        for part in snapshot.slices
        if part.spec.pool.name == pool
        for item in part.spec.devices
        if item.name == name
        for taken in item.consumes_counters
        for counter in taken.counters.values()
    ]


@given(snapshots(), st.integers(1, 8))
def test_a_device_that_is_cut_anew_has_as_many_parts_and_nobody_uses_it(snapshot: ClusterSnapshot, parts: int) -> None:
    pools = [item.spec.pool.name for item in snapshot.slices if item.spec.shared_counters]
    for pool in pools:
        after = changed(snapshot, [Repartition(pool=pool, counter_set="board", parts=parts)]).unwrap()
        here = [item for item in status_of(Cluster(after, LANGUAGE)).devices if item.pool == pool]
        assert [item.state for item in here] == ["Free"] * (parts + 1)
        taken = [counter.value for counter in drawn(after, pool, "board-part-0")]
        assert [nanos(text) for text in taken] == [40 * 2**30 // parts * nanos("1")]
    outcome = changed(snapshot, [Repartition(pool="nowhere", counter_set="board", parts=parts)])
    assert outcome.failure().code == "WhatIfMeansNothing"
