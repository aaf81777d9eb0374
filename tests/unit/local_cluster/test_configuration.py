"""What the components are told, by version."""

from __future__ import annotations

import json
import tomllib

import pytest
from local_cluster import configuration, versions
from local_cluster.clusters import Description
from local_cluster.layout import Layout


def _layout(version: str) -> Layout:
    return Description("k", version, 3, {}).layout()


@pytest.mark.parametrize("version", versions.KUBERNETES_VERSIONS)
def test_component_files_parse_and_stay_below_the_clusters_folder(version: str) -> None:
    layout = _layout(version)
    containerd = tomllib.loads(configuration.containerd_file(layout, "overlayfs"))
    runtime = containerd["plugins"]["io.containerd.cri.v1.runtime"]
    assert runtime["enable_cdi"] is True
    assert runtime["cdi_spec_dirs"] == [str(layout.cdi_directory)]
    for place in (containerd["root"], containerd["state"], containerd["grpc"]["address"], runtime["cni"]["conf_dir"]):
        assert place.startswith(f"{layout.root}/")
    kubelet = json.loads(configuration.kubelet_file(layout, {}))
    assert kubelet["containerRuntimeEndpoint"] == f"unix://{layout.containerd_socket}"
    assert kubelet["address"] == layout.address
    cni = json.loads(configuration.cni_file(layout))
    assert cni["plugins"][0]["ipam"]["ranges"] == [[{"subnet": layout.subnet, "gateway": layout.address}]]


def test_field_that_a_kubelet_does_not_know_is_not_sent_to_it() -> None:
    """failCgroupV1 came with 1.31, and the kubelet refuses unknown fields."""
    assert "failCgroupV1" not in json.loads(configuration.kubelet_file(_layout("1.30.14"), {}))
    assert json.loads(configuration.kubelet_file(_layout("1.34.4"), {}))["failCgroupV1"] is False


def test_classic_allocation_is_switched_on_where_it_exists() -> None:
    for component in ("kube-apiserver", "kube-controller-manager", "kube-scheduler"):
        assert "--feature-gates=DynamicResourceAllocation=true" in configuration.arguments(
            component, _layout("1.30.14"), {}
        )
        assert not [
            text for text in configuration.arguments(component, _layout("1.37.2"), {}) if "feature-gates" in text
        ]
    assert "--runtime-config=resource.k8s.io/v1alpha2=true" in configuration.apiserver(_layout("1.30.14"), {})


def test_users_gates_reach_all_components_and_win() -> None:
    wanted = {"DynamicResourceAllocation": False, "A": True}
    for component in ("kube-apiserver", "kube-controller-manager", "kube-scheduler"):
        arguments = configuration.arguments(component, _layout("1.30.14"), wanted)
        assert "--feature-gates=A=true,DynamicResourceAllocation=false" in arguments
    assert json.loads(configuration.kubelet_file(_layout("1.30.14"), wanted))["featureGates"] == wanted


def test_no_component_is_told_about_loopback_where_pods_must_reach_it() -> None:
    arguments = configuration.apiserver(_layout("1.37.2"), {})
    assert "--bind-address=10.133.0.1" in arguments
    assert "--advertise-address=10.133.0.1" in arguments


@pytest.mark.parametrize("version", versions.KUBERNETES_VERSIONS)
def test_webhooks_are_called_by_the_addresses_of_their_pods(version: str) -> None:
    """Nothing makes a Service's address lead anywhere, and the API server is where it would be called from."""
    assert "--enable-aggregator-routing=true" in configuration.apiserver(_layout(version), {})


def test_unknown_component_is_a_bug() -> None:
    with pytest.raises(ValueError, match="no component"):
        configuration.arguments("kube-proxy", _layout("1.37.2"), {})
