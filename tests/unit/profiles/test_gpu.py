"""The GPU profile: what there is, and what a container sees of it."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from dra_core.profiles import AssignedDevice, DeviceHealth, GpuProfile, Health, Profile, health_of
from dra_core.profiles.gpu import MAX_PARTITIONS
from dra_core.snapshot.codec import encode
from dra_core.snapshot.device import Device
from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, text_at

NODE = "node-1"


def devices(profile: GpuProfile, node: str = NODE) -> tuple[Device, ...]:
    (pool,) = profile.enumerate(node)
    assert pool.name == node
    assert pool.node_local
    return pool.devices


def environment(
    profile: GpuProfile,
    device: Device,
    parameters: Json = None,
    share_id: str | None = None,
    admin_access: bool = False,
    consumed_capacity: Mapping[str, str] | None = None,
) -> dict[str, str]:
    configure = profile.default_configuration()
    if parameters is not None:
        configure = profile.read_configuration(parameters).unwrap()
    assigned = AssignedDevice(
        device=device,
        pool=NODE,
        request="gpu",
        share_id=share_id,
        admin_access=admin_access,
        consumed_capacity=consumed_capacity or {},
    )
    edits = configure(assigned).unwrap()
    return dict(variable.split("=", 1) for variable in edits.env)


def test_eight_gpus_by_default_and_any_number_on_request() -> None:
    profile: Profile = GpuProfile()
    assert profile.name == "gpu"
    assert [device.name for device in devices(GpuProfile())] == [f"gpu-{i}" for i in range(8)]
    assert len(devices(GpuProfile(count=3))) == 3
    assert devices(GpuProfile(count=0)) == ()


def test_a_gpu_is_published_as_the_example_driver_does() -> None:
    device = encode(devices(GpuProfile())[3])
    uuid = text_at(device, "attributes", "uuid", "string")
    assert re.fullmatch(r"gpu-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", uuid)
    assert device == {
        "name": "gpu-3",
        "attributes": {
            "index": {"int": 3},
            "uuid": {"string": uuid},
            "model": {"string": "LATEST-GPU-MODEL"},
            "driverVersion": {"version": "1.0.0"},
        },
        "capacity": {"memory": {"value": "80Gi"}, "compute": {"value": "100"}},
    }


def test_uuids_are_stable_and_differ_between_gpus_and_nodes() -> None:
    assert devices(GpuProfile()) == devices(GpuProfile())
    everywhere = [d.attributes["uuid"] for node in ("a", "b") for d in devices(GpuProfile(), node)]
    assert len({each.string_value for each in everywhere}) == 16


def test_shared_gpus_can_be_asked_for_in_steps() -> None:
    device = encode(devices(GpuProfile(multiple_allocations=True))[0])
    assert device["allowMultipleAllocations"] is True
    assert device["capacity"] == {
        "memory": {
            "value": "80Gi",
            "requestPolicy": {"default": "80Gi", "validRange": {"min": "1Gi", "max": "80Gi", "step": "1Gi"}},
        },
        "compute": {
            "value": "100",
            "requestPolicy": {"default": "100", "validRange": {"min": "1", "max": "100", "step": "1"}},
        },
    }


def test_partitions_draw_from_their_own_gpu() -> None:
    (pool,) = GpuProfile(count=2, partitions=4).enumerate(NODE)
    names = [device.name for device in pool.devices]
    assert names[:5] == [*(f"gpu-0-partition-{i}" for i in range(4)), "gpu-0-full"]
    assert len(names) == 10
    assert [encode(each) for each in pool.counter_sets] == [
        {"name": f"gpu-{i}-counters", "counters": {"memory": {"value": "80Gi"}, "compute": {"value": "100"}}}
        for i in range(2)
    ]
    part, full = encode(pool.devices[6]), encode(pool.devices[9])
    assert part["consumesCounters"] == [
        {"counterSet": "gpu-1-counters", "counters": {"memory": {"value": "20Gi"}, "compute": {"value": "25"}}}
    ]
    assert part["capacity"] == {"memory": {"value": "20Gi"}, "compute": {"value": "25"}}
    assert at(part, "attributes", "partition") == {"int": 1}
    assert at(part, "attributes", "partitionable") == {"bool": True}
    assert at(full, "attributes", "full") == {"bool": True}
    assert at(full, "attributes", "index") == {"int": 1}
    assert at(list_at(full, "consumesCounters")[0], "counters", "memory") == {"value": "80Gi"}


@pytest.mark.parametrize("partitions", range(1, MAX_PARTITIONS + 1))
def test_parts_are_never_more_than_the_whole(partitions: int) -> None:
    """And leave room for the policy's rule that min + step is at most the value."""
    parts = [d for d in devices(GpuProfile(count=1, partitions=partitions)) if "partition" in d.attributes]
    memory = [int(part.capacity["memory"].value.removesuffix("Gi")) for part in parts]
    compute = [int(part.capacity["compute"].value) for part in parts]
    assert sum(memory) <= 80
    assert sum(compute) <= 100
    assert min(memory) >= 2
    assert min(compute) >= 2


def test_binding_conditions_carry_the_example_drivers_names() -> None:
    device = encode(devices(GpuProfile(binding_conditions=True))[0])
    assert device["bindingConditions"] == ["BindingConditions"]
    assert device["bindingFailureConditions"] == ["BindingFailureConditions"]


def test_a_container_sees_which_gpu_and_how_it_is_shared() -> None:
    profile = GpuProfile()
    gpu = devices(profile)[3]
    assert environment(profile, gpu) == {
        "GPU_DEVICE_3": "gpu-3",
        "GPU_DEVICE_3_UUID": gpu.attributes["uuid"].string_value,
        "GPU_DEVICE_3_SHARING_STRATEGY": "TimeSlicing",
        "GPU_DEVICE_3_TIMESLICE_INTERVAL": "Default",
    }


def test_space_partitioning_is_shown_by_its_count() -> None:
    profile = GpuProfile()
    parameters: JsonObject = {
        "apiVersion": "gpu.resource.example.com/v1alpha1",
        "kind": "GpuConfig",
        "sharing": {"strategy": "SpacePartitioning", "spacePartitioningConfig": {"partitionCount": 10}},
    }
    seen = environment(profile, devices(profile)[0], parameters)
    assert seen["GPU_DEVICE_0_SHARING_STRATEGY"] == "SpacePartitioning"
    assert seen["GPU_DEVICE_0_PARTITION_COUNT"] == "10"
    assert "GPU_DEVICE_0_TIMESLICE_INTERVAL" not in seen


def test_partitions_have_names_that_shells_accept() -> None:
    profile = GpuProfile(partitions=2)
    seen = environment(profile, devices(profile)[1])
    assert seen["GPU_DEVICE_0_PARTITION_1"] == "gpu-0-partition-1"
    assert all(re.fullmatch("[A-Z0-9_]+", name) for name in seen)


def test_shares_show_what_they_may_use() -> None:
    profile = GpuProfile(multiple_allocations=True)
    consumed = {"gpu.example.com/memory": "16Gi", "compute": "20"}
    seen = environment(profile, devices(profile)[0], consumed_capacity=consumed)
    assert seen["GPU_DEVICE_0_MEMORY"] == "16Gi"
    assert seen["GPU_DEVICE_0_COMPUTE"] == "20"


def test_admin_access_does_not_configure_the_gpu() -> None:
    profile = GpuProfile()
    seen = environment(profile, devices(profile)[0], admin_access=True)
    assert set(seen) == {"GPU_DEVICE_0", "GPU_DEVICE_0_UUID"}


def test_health_names_every_device_and_says_why() -> None:
    pools = GpuProfile(count=2).enumerate(NODE)
    assert health_of(pools, {"gpu-1": "ECC error"}) == (
        DeviceHealth(pool=NODE, device="gpu-0", health=Health.HEALTHY),
        DeviceHealth(pool=NODE, device="gpu-1", health=Health.UNHEALTHY, message="ECC error"),
    )


def test_health_messages_fit_the_kubelet_and_stay_text() -> None:
    pools = GpuProfile(count=1).enumerate(NODE)
    (health,) = health_of(pools, {"gpu-0": "a" + "ü" * 600})
    assert health.message == "a" + "ü" * 511
