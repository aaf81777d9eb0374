"""The profiles whose devices many claims share: network cards and CPUs."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from dra_core.profiles import AssignedDevice, Profile
from dra_core.profiles.cpu import CpuProfile
from dra_core.profiles.net import NetProfile
from dra_core.snapshot.codec import encode
from dra_core.snapshot.json_value import Json, at

PROFILES: list[Profile] = [NetProfile(), CpuProfile()]


def environment(profile: Profile, number: int, consumed: Mapping[str, str], parameters: Json = None) -> list[str]:
    (pool,) = profile.enumerate("node-1")
    configure = profile.default_configuration()
    if parameters is not None:
        configure = profile.read_configuration(parameters).unwrap()
    device = pool.devices[number]
    assigned = AssignedDevice(device=device, pool=pool.name, request="one", consumed_capacity=consumed)
    return list(configure(assigned).unwrap().env)


def test_a_card_has_virtual_functions_and_bandwidth_each_way() -> None:
    (pool,) = NetProfile(count=2).enumerate("node-1")
    card = encode(pool.devices[1])
    assert [device.name for device in pool.devices] == ["nic-0", "nic-1"]
    assert card["allowMultipleAllocations"] is True
    assert at(card, "capacity", "vfs") == {"value": "100", "requestPolicy": {"default": "1", "validValues": ["1"]}}
    assert at(card, "capacity", "egressBandwidth", "requestPolicy", "default") == "1G"


def test_a_container_sees_its_rates_and_bursts() -> None:
    consumed = {"vfs": "1", "ingressBandwidth": "2G", "net.example.com/egressBandwidth": "1500M"}
    assert environment(NetProfile(), 3, consumed) == [
        "NET_DEVICE_3=nic-3",
        "NET_DEVICE_3_INGRESS_RATE=2000000000",
        "NET_DEVICE_3_EGRESS_RATE=1500000000",
    ]
    config: Json = {
        "apiVersion": "net.resource.example.com/v1alpha1",
        "kind": "NetConfig",
        "bwBurst": {"egressBurst": "10M"},
    }
    assert environment(NetProfile(), 0, {}, config) == ["NET_DEVICE_0=nic-0", "NET_DEVICE_0_EGRESS_BURST=10000000"]


def test_cpus_stand_for_the_nodes_own() -> None:
    (pool,) = CpuProfile().enumerate("node-1")
    numa = encode(pool.devices[1])
    assert at(numa, "attributes", "numaNodeID") == {"int": 1}
    assert at(numa, "nodeAllocatableResources", "cpu", "mapping", "capacityKey") == "cpu"
    assert environment(CpuProfile(), 1, {"cpu": "4"}) == ["CPU_DEVICE_1=numa-1", "CPU_DEVICE_1_CONSUMED_CPU=4"]


def test_cpus_take_no_parameters() -> None:
    assert CpuProfile().read_configuration({"cores": 2}).failure()[0].code == "NoParameters"


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: str(profile.name))
def test_the_same_devices_on_every_start_and_others_on_other_nodes(profile: Profile) -> None:
    assert profile.enumerate("node-1") == profile.enumerate("node-1")
    assert profile.enumerate("node-1")[0].name == "node-1"
