"""CDI files: names, versions, and what a runtime would not load."""

from __future__ import annotations

import json

import pytest
from dra_core.cdi import (
    CdiDevice,
    CdiSpec,
    ContainerEdits,
    DeviceNode,
    Hook,
    Mount,
    claim_file_name,
    claim_spec,
    claim_uid_of,
    common_file_name,
    common_spec,
    device_id,
    device_name,
    faults_of_spec,
    kind,
    spec_text,
)

KIND = kind("gpu.example.com", "gpu")
ENV = ContainerEdits(env=("A=b",))


def test_names_are_those_of_the_example_driver() -> None:
    assert KIND == "k8s.gpu.example.com/gpu"
    assert device_name("uid-1", "gpu-0", None) == "uid-1-gpu-0"
    assert device_name("uid-1", "gpu-0", "share") == "uid-1-gpu-0-share"
    assert device_id(KIND, "common") == "k8s.gpu.example.com/gpu=common"
    assert claim_file_name("gpu.example.com", "gpu", "uid-1") == "k8s.gpu.example.com-gpu_uid-1.json"


@pytest.mark.parametrize(
    ("file_name", "uid"),
    [
        ("k8s.gpu.example.com-gpu_uid-1.json", "uid-1"),
        ("k8s.gpu.example.com-gpu_uid-1.yaml", "uid-1"),
        ("k8s.gpu.example.com-gpu_common.json", None),
        ("k8s.gpu.example.com-gpu_.json", None),
        ("k8s.gpu.example.com-gpu_uid-1.tmp", None),
        ("k8s.net.example.com-net_uid-1.json", None),
        ("nvidia.yaml", None),
    ],
)
def test_only_own_files_are_known(file_name: str, uid: str | None) -> None:
    assert claim_uid_of("gpu.example.com", "gpu", file_name) == uid


def test_the_common_device_says_where_and_by_whom() -> None:
    assert json.loads(spec_text(common_spec(KIND, "gpu.example.com", "node-1"))) == {
        "cdiVersion": "0.3.0",
        "kind": KIND,
        "devices": [
            {
                "name": "common",
                "containerEdits": {"env": ["KUBERNETES_NODE_NAME=node-1", "DRA_RESOURCE_DRIVER_NAME=gpu.example.com"]},
            }
        ],
    }
    assert claim_uid_of("gpu.example.com", "gpu", common_file_name("gpu.example.com", "gpu")) is None


@pytest.mark.parametrize(
    ("name", "edits", "kind_name", "version"),
    [
        ("a", ENV, KIND, "0.3.0"),
        ("a", ContainerEdits(mounts=(Mount(host_path="/a", container_path="/b"),)), KIND, "0.3.0"),
        ("a", ContainerEdits(mounts=(Mount(host_path="/a", container_path="/b", type="bind"),)), KIND, "0.4.0"),
        ("1", ENV, KIND, "0.5.0"),
        ("a", ContainerEdits(device_nodes=(DeviceNode(path="/dev/a"),)), KIND, "0.3.0"),
        ("a", ContainerEdits(device_nodes=(DeviceNode(path="/dev/a", host_path="/dev/b"),)), KIND, "0.5.0"),
        ("a", ENV, "k8s.gpu.example.com/gpu.large", "0.6.0"),
        ("1", ContainerEdits(additional_gids=(5,)), "k8s.gpu.example.com/gpu.large", "0.7.0"),
    ],
)
def test_the_version_is_the_oldest_that_will_do(name: str, edits: ContainerEdits, kind_name: str, version: str) -> None:
    spec = claim_spec(
        kind_name, [CdiDevice(name="b", container_edits=ENV), CdiDevice(name=name, container_edits=edits)]
    )
    assert spec.cdi_version == version


@pytest.mark.parametrize(
    ("kind_name", "devices", "path"),
    [
        ("1vendor/gpu", [CdiDevice(name="a", container_edits=ENV)], "kind"),
        ("vendor./gpu", [CdiDevice(name="a", container_edits=ENV)], "kind"),
        ("vendor/", [CdiDevice(name="a", container_edits=ENV)], "kind"),
        ("vendor/g pu", [CdiDevice(name="a", container_edits=ENV)], "kind"),
        (KIND, [], "devices"),
        (KIND, [CdiDevice(name="a", container_edits=ENV)] * 2, "devices"),
        (KIND, [CdiDevice(name="a")], "devices[0].containerEdits"),
        (KIND, [CdiDevice(name="-a", container_edits=ENV)], "devices[0].name"),
        (KIND, [CdiDevice(name="a/b", container_edits=ENV)], "devices[0].name"),
        (KIND, [CdiDevice(name="", container_edits=ENV)], "devices[0].name"),
        (KIND, [CdiDevice(name="a", container_edits=ContainerEdits(env=("A",)))], "devices[0].containerEdits.env[0]"),
        (KIND, [CdiDevice(name="a", container_edits=ContainerEdits(env=("=a",)))], "devices[0].containerEdits.env[0]"),
        (
            KIND,
            [CdiDevice(name="a", container_edits=ContainerEdits(device_nodes=(DeviceNode(path=""),)))],
            "devices[0].containerEdits.deviceNodes[0].path",
        ),
        (
            KIND,
            [CdiDevice(name="a", container_edits=ContainerEdits(device_nodes=(DeviceNode(path="/a", type="x"),)))],
            "devices[0].containerEdits.deviceNodes[0].type",
        ),
        (
            KIND,
            [
                CdiDevice(
                    name="a", container_edits=ContainerEdits(device_nodes=(DeviceNode(path="/a", permissions="q"),))
                )
            ],
            "devices[0].containerEdits.deviceNodes[0].permissions",
        ),
        (
            KIND,
            [CdiDevice(name="a", container_edits=ContainerEdits(mounts=(Mount(host_path="", container_path="/b"),)))],
            "devices[0].containerEdits.mounts[0]",
        ),
        (
            KIND,
            [CdiDevice(name="a", container_edits=ContainerEdits(hooks=(Hook(hook_name="x", path="/b"),)))],
            "devices[0].containerEdits.hooks[0].hookName",
        ),
        (
            KIND,
            [CdiDevice(name="a", container_edits=ContainerEdits(hooks=(Hook(hook_name="prestart", path=""),)))],
            "devices[0].containerEdits.hooks[0].path",
        ),
    ],
)
def test_what_a_runtime_would_not_load(kind_name: str, devices: list[CdiDevice], path: str) -> None:
    spec = CdiSpec(cdi_version="0.3.0", kind=kind_name, devices=tuple(devices))
    assert [each.path for each in faults_of_spec(spec)] == [path]


def test_what_a_runtime_loads() -> None:
    edits = ContainerEdits(
        env=("A=b=c", "EMPTY="),
        device_nodes=(DeviceNode(path="/dev/a", type="c", permissions="rwm", major=1, minor=3),),
        mounts=(Mount(host_path="/a", container_path="/b", options=("ro", "bind")),),
        hooks=(Hook(hook_name="createContainer", path="/bin/true"),),
    )
    spec = claim_spec(KIND, [CdiDevice(name="0a:b.c-d_e", container_edits=edits)])
    assert faults_of_spec(spec) == ()
    node = json.loads(spec_text(spec))["devices"][0]["containerEdits"]
    assert node["deviceNodes"] == [{"path": "/dev/a", "type": "c", "permissions": "rwm", "major": 1, "minor": 3}]
    assert node["mounts"] == [{"hostPath": "/a", "containerPath": "/b", "options": ["ro", "bind"]}]
    assert node["hooks"] == [{"hookName": "createContainer", "path": "/bin/true"}]


def test_edits_follow_each_other() -> None:
    """Of an environment variable set twice a runtime keeps the later."""
    assert ENV.followed_by(ContainerEdits(env=("A=c",))).env == ("A=b", "A=c")
    assert not ENV.empty
    assert ContainerEdits().empty
