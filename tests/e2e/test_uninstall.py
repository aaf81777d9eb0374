"""The end: of the driver, of a cluster; nothing is left, and others do not notice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dra_core.snapshot.json_value import list_at, text_at
from local_cluster import clusters
from local_cluster.cluster import Cluster
from local_cluster.command import bring_up, take_down
from local_cluster.driver import NAMESPACE, RELEASE
from local_cluster.progress import ClusterError
from local_cluster.versions import DEFAULT

from tests.e2e.objects import LEASE, RESOURCE, claim, pod
from tests.e2e.traces import traces
from tests.e2e.world import World, eventually

SECOND = "e2e-b"


@pytest.fixture
def no_second() -> Iterator[None]:
    """Nothing of the second cluster, neither of an interrupted run nor of a test that failed half way."""
    _take_down_second()
    yield
    _take_down_second()


def _take_down_second() -> None:
    if (left := clusters.read(SECOND)) is not None:
        take_down(Cluster(left))


def test_uninstalled_driver_leaves_nothing_and_a_waiting_pod_runs_when_it_is_back(world: World, namespace: str) -> None:
    world.run(claim(namespace, "gpu"), pod(namespace, "last", {"gpu": "gpu"}))
    world.delete("Pod", namespace, "last")
    eventually("unprepare", world.nothing_is_prepared)
    world.uninstall()
    try:
        eventually("the end of the slices", lambda: not world.slices())
        for group, kinds in (
            ("/api/v1", ("services", "serviceaccounts", "configmaps", "secrets", "pods")),
            ("/apis/apps/v1", ("daemonsets", "deployments", "replicasets")),
            ("/apis/rbac.authorization.k8s.io/v1", ("roles", "rolebindings")),
            ("/apis/coordination.k8s.io/v1", ("leases",)),
        ):
            for kind in kinds:
                found = world.listed(f"{group}/namespaces/{NAMESPACE}/{kind}")
                names = [text_at(item, "metadata", "name") for item in found]
                assert not [name for name in names if RELEASE in name or name == LEASE], kind
        labelled = f"labelSelector=app.kubernetes.io/instance={RELEASE}"
        assert not world.listed(f"{RESOURCE}/deviceclasses?{labelled}")
        for kind in ("clusterroles", "clusterrolebindings"):
            assert not world.listed(f"/apis/rbac.authorization.k8s.io/v1/{kind}?{labelled}")
        for kind in ("validatingadmissionpolicies", "validatingadmissionpolicybindings"):
            assert not world.listed(f"/apis/admissionregistration.k8s.io/v1/{kind}?{labelled}")
        assert not world.cdi_files()
        assert not list(world.layout.registrar_directory.iterdir())
        assert not list(world.driver_directory.glob("*.sock"))
        world.create(claim(namespace, "next"), pod(namespace, "patient", {"gpu": "next"}))
        world.wait_for_event(namespace, "patient", "FailedScheduling")
    finally:
        world.install()
    world.wait_ready(namespace, "patient")


@pytest.mark.usefixtures("no_second")
def test_second_cluster_comes_and_goes_without_touching_the_first(world: World) -> None:
    """Up twice is as once; down takes processes, mounts, network and folders; the first cluster goes on."""
    before = {name: process.pid() for name, process in world.cluster.processes.items()}
    second = bring_up(SECOND, DEFAULT, {})
    try:
        layout = second.layout
        pids = {name: process.pid() for name, process in second.processes.items()}
        bring_up(SECOND, DEFAULT, {})
        assert {name: process.pid() for name, process in second.processes.items()} == pids
        assert second.is_ready()
        assert not second.api().get(f"{RESOURCE}/resourceslices").get("items")
        nodes = list_at(second.api().get("/api/v1/nodes"), "items")
        assert [text_at(node, "metadata", "name") for node in nodes] == [layout.node_name]
    finally:
        take_down(second)
    assert traces(layout) == []
    assert clusters.read(SECOND) is None
    take_down(second)  # twice is as once
    assert {name: process.pid() for name, process in world.cluster.processes.items()} == before
    assert world.cluster.is_ready()


@pytest.mark.usefixtures("no_second")
def test_cluster_that_lost_its_records_and_parts_is_taken_down_all_the_same(world: World) -> None:
    """As after a crash in the middle of `up`: processes without a record, a component that is gone already."""
    assert world.cluster.is_ready()
    second = bring_up(SECOND, DEFAULT, {})
    second.stop("kube-scheduler")
    for record in second.layout.records.iterdir():
        record.unlink()
    take_down(Cluster(second.description))
    assert traces(second.layout) == []


@pytest.mark.usefixtures("no_second")
def test_cluster_that_does_not_come_up_says_why_and_leaves_nothing_but_its_logs(world: World) -> None:
    """A feature gate that does not exist: kube-apiserver refuses to start."""
    with pytest.raises(ClusterError, match=r"kube-apiserver ended(.|\n)*NoSuchGate(.|\n)*logs of all parts"):
        bring_up(SECOND, DEFAULT, {"NoSuchGate": True})
    assert clusters.read(SECOND) is None
    unknown_index = max(clusters.INDEXES)  # the device is known by its index only, all else by the cluster's name
    assert traces(clusters.Description(SECOND, DEFAULT, unknown_index, {}).layout()) == []
    assert (clusters.cache() / "failed" / SECOND / "kube-apiserver.log").exists()
    assert world.cluster.is_ready()
