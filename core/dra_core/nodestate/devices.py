"""A node's devices as NodeAllocationState lists them, and the same as a ResourceSlice: one allocator for both.

The uuid is the device's name. Expressions see a GPU as they see it on modern clusters: attributes ``uuid``, ``model``,
``index`` and ``driverVersion``, capacities ``memory`` and ``compute``, in the driver's domain.
"""

from __future__ import annotations

from collections.abc import Iterable

from dra_core.snapshot.classic_node_state import AllocatableDevice, AllocatableGpu, NodeAllocationState
from dra_core.snapshot.device import Device, DeviceAttribute, DeviceCapacity
from dra_core.snapshot.resource_slice import ResourcePool, ResourceSlice, ResourceSliceSpec

UUID, MODEL, INDEX, DRIVER_VERSION = "uuid", "model", "index", "driverVersion"
MEMORY, COMPUTE = "memory", "compute"


def slice_of(driver_name: str, state: NodeAllocationState) -> ResourceSlice:
    """The node's devices that claims may get, in a stable order: by index, then by uuid; unhealthy ones are left out.

    A uuid that is listed twice is one device.
    """
    node_name = state.metadata.name
    healthy = {each.gpu.uuid: each.gpu for each in state.spec.allocatable_devices if each.gpu.health != "Unhealthy"}
    devices = tuple(_device(gpu) for gpu in sorted(healthy.values(), key=_order))
    spec = ResourceSliceSpec(
        driver=driver_name,
        pool=ResourcePool(name=node_name, resource_slice_count=1),
        node_name=node_name,
        devices=devices,
    )
    return ResourceSlice(spec=spec)


def allocatable_devices(devices: Iterable[Device], unhealthy: Iterable[str] = ()) -> tuple[AllocatableDevice, ...]:
    """The devices of a profile as NodeAllocationState lists them, in a stable order.

    Args:
        devices: GPUs with a uuid; others cannot be had in the classic way and are left out.
        unhealthy: Names of those that are broken.
    """
    broken = frozenset(unhealthy)
    gpus = [gpu for gpu in (_gpu(device, device.name in broken) for device in devices) if gpu is not None]
    return tuple(AllocatableDevice(gpu=gpu) for gpu in sorted(gpus, key=_order))


def _order(gpu: AllocatableGpu) -> tuple[int, str]:
    return (gpu.index if gpu.index is not None else 0, gpu.uuid)


def _device(gpu: AllocatableGpu) -> Device:
    attributes = {UUID: DeviceAttribute(string_value=gpu.uuid), MODEL: DeviceAttribute(string_value=gpu.product_name)}
    if gpu.index is not None:
        attributes[INDEX] = DeviceAttribute(int_value=gpu.index)
    if gpu.driver_version is not None:
        attributes[DRIVER_VERSION] = DeviceAttribute(version_value=gpu.driver_version)
    amounts = {MEMORY: gpu.memory, COMPUTE: gpu.compute}
    capacity = {name: DeviceCapacity(value=amount) for name, amount in amounts.items() if amount is not None}
    return Device(name=gpu.uuid, attributes=attributes, capacity=capacity)


def _gpu(device: Device, broken: bool) -> AllocatableGpu | None:
    none = DeviceAttribute()
    found = {name: device.attributes.get(name, none) for name in (UUID, MODEL, INDEX, DRIVER_VERSION)}
    uuid = found[UUID].string_value
    if uuid is None:
        return None
    amounts = {name: device.capacity[name].value if name in device.capacity else None for name in (MEMORY, COMPUTE)}
    return AllocatableGpu(
        uuid=uuid,
        product_name=found[MODEL].string_value or "",
        index=found[INDEX].int_value,
        driver_version=found[DRIVER_VERSION].version_value,
        memory=amounts[MEMORY],
        compute=amounts[COMPUTE],
        health="Unhealthy" if broken else None,
    )
