"""Clusters side by side: whatever their order of coming and going, they never share an index."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from local_cluster import clusters
from local_cluster.progress import ClusterError
from local_cluster.versions import KUBERNETES_VERSIONS


@pytest.fixture(autouse=True)
def locks_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "LOCKS", tmp_path_factory.mktemp("locks"))


@settings(max_examples=30)
@given(
    steps=st.lists(st.tuples(st.sampled_from(["a", "b", "c", "d"]), st.booleans()), max_size=12),
    taken=st.sets(st.integers(0, 3)),
)
def test_indexes_are_never_shared_nor_taken_from_others(
    steps: list[tuple[str, bool]], taken: set[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("clusters")
    for name, comes in steps:
        if comes:
            again = clusters.enter(name, "1.37.2", {}, taken, folder)
            assert clusters.enter(name, "1.37.2", {}, taken, folder) == again == clusters.read(name, folder)
        else:
            shutil.rmtree(folder / name, ignore_errors=True)
        indexes = [cluster.index for cluster in clusters.known(folder)]
        assert len(set(indexes)) == len(indexes)
        assert not set(indexes) & taken


def test_two_clusters_share_no_place_address_or_port(tmp_path: Path) -> None:
    layouts = [clusters.enter(name, "1.37.2", {}, (), tmp_path).layout(tmp_path) for name in ("a", "b")]
    for name in ("root", "bridge", "network", "subnet", "address", "services", "service_address", "server", "cgroup",
                 "etcd_port", "node_name", "kubelet_root", "cdi_directory", "containerd_socket"):  # fmt: skip
        one, other = (getattr(layout, name) for layout in layouts)
        assert one != other, name


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a_b", "a" * 21, "../x"])
def test_name_that_would_not_do_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="cannot be a cluster's name"):
        clusters.enter(name, "1.37.2", {}, (), tmp_path)
    assert clusters.known(tmp_path) == []


def test_other_version_or_gates_under_the_same_name_are_refused(tmp_path: Path) -> None:
    clusters.enter("a", "1.37.2", {"X": True}, (), tmp_path)
    with pytest.raises(ClusterError, match=r"is Kubernetes 1\.37\.2: take it down first"):
        clusters.enter("a", "1.36.3", {}, (), tmp_path)
    with pytest.raises(ClusterError, match="other feature gates"):
        clusters.enter("a", "1.37.2", {"X": False}, (), tmp_path)
    assert clusters.enter("a", "1.37.2", {}, (), tmp_path).feature_gates == {"X": True}


def test_description_that_somebody_damaged_is_told(tmp_path: Path) -> None:
    clusters.enter("a", "1.37.2", {}, (), tmp_path)
    (tmp_path / "a" / "cluster.json").write_text("{")
    with pytest.raises(ClusterError, match=r"a/cluster\.json is not what"):
        clusters.read("a", tmp_path)


def test_longest_name_leaves_room_for_the_sockets_of_plugins() -> None:
    """unix(7): 107 bytes. With shortened names, as the kubelet's helper library makes them since 1.37."""
    layout = clusters.Description("n" * 20, KUBERNETES_VERSIONS[-1], 99, {}).layout()
    driver = "gpu.example.com"
    assert len(str(layout.plugins_directory / driver / "dra-0123456789A.sock")) <= 107
    assert len(str(layout.registrar_directory / f"{driver}-0123456789A-reg.sock")) <= 107
    assert len(str(layout.containerd_socket) + ".ttrpc") <= 107
    assert len(layout.bridge) <= 15  # IFNAMSIZ
