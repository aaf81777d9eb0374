"""Mock GPUs: the devices and configuration of Kubernetes' example driver, as pure functions.

A real driver differs in one thing: it asks the hardware what there is, and passes the answer in.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import msgspec
from returns.result import Result, Success

from dra_core.cdi.container_edits import ContainerEdits
from dra_core.profiles.profile import AssignedDevice, Configure
from dra_core.profiles.resources import DevicePool
from dra_core.profiles.stable_uuid import stable_uuid
from dra_core.refusal import Refusals
from dra_core.sharing.gpu_config import read_gpu_config
from dra_core.sharing.strategy import SharingStrategy, SpacePartitioning, TimeSlicing
from dra_core.snapshot.device import (
    CapacityRequestPolicy,
    CapacityRequestPolicyRange,
    Counter,
    CounterSet,
    Device,
    DeviceAttribute,
    DeviceCapacity,
    DeviceCounterConsumption,
)
from dra_core.snapshot.json_value import Json

MODEL = "LATEST-GPU-MODEL"
DRIVER_VERSION = "1.0.0"
MEMORY_GI = 80
COMPUTE = 100
MAX_PARTITIONS = MEMORY_GI // 2
"""More would leave a partition with less than 2Gi, too little for a range of 1Gi steps (requestPolicy's rule that
min + step is at most the value)."""


class GpuProfile(msgspec.Struct, frozen=True, kw_only=True):
    """GPUs ``gpu-0`` to ``gpu-<count - 1>`` in one pool named after the node.

    Attributes:
        count: How many GPUs.
        partitions: How many partitions each GPU can be cut into, at most ``MAX_PARTITIONS``; 0: GPUs are whole.
        multiple_allocations: Several claims may have a share of the same GPU.
        binding_conditions: Pods wait until a controller has reported the GPU ready.
        uuid_prefix: How uuids begin.
    """

    count: int = 8
    partitions: int = 0
    multiple_allocations: bool = False
    binding_conditions: bool = False
    uuid_prefix: str = "gpu"

    @property
    def name(self) -> str:
        """The CDI class."""
        return "gpu"

    @property
    def health_check_timeout_seconds(self) -> int:
        """The kubelet's own default."""
        return 30

    def enumerate(self, node_name: str) -> tuple[DevicePool, ...]:
        """The node's pool: GPUs by index; with partitions, each GPU's parts and then the GPU as a whole."""
        devices: list[Device] = []
        for index in range(self.count):
            devices += self._parts(node_name, index) if self.partitions else [self._whole(node_name, index)]
        counter_sets = tuple(_counter_set(index) for index in range(self.count)) if self.partitions else ()
        return (DevicePool(name=node_name, devices=tuple(devices), counter_sets=counter_sets),)

    def environment_key(self, device: str) -> str:
        """``gpu-3`` → ``GPU_DEVICE_3``, ``gpu-0-partition-1`` → ``GPU_DEVICE_0_PARTITION_1``."""
        return f"GPU_DEVICE_{device.removeprefix('gpu-').upper().replace('-', '_')}"

    def default_configuration(self) -> Configure:
        """TimeSlicing with the interval Default."""
        return partial(self._edits, TimeSlicing())

    def read_configuration(self, parameters: Json) -> Result[Configure, Refusals]:
        """``GpuConfig`` of ``gpu.resource.example.com/v1alpha1``."""
        return read_gpu_config(parameters).map(self._configure)

    def _configure(self, strategy: SharingStrategy) -> Configure:
        return partial(self._edits, strategy)

    def _edits(self, strategy: SharingStrategy, assigned: AssignedDevice) -> Result[ContainerEdits, Refusals]:
        key = self.environment_key(assigned.device.name)
        env = [f"{key}={assigned.device.name}"]
        uuid = assigned.device.attributes.get("uuid")
        if uuid is not None and uuid.string_value is not None:
            env.append(f"{key}_UUID={uuid.string_value}")
        if not assigned.admin_access:  # who only looks on does not say how the owner shares the GPU
            env += [f"{key}_{name}={value}" for name, value in strategy_variables(strategy)]
        env += [
            f"{key}_{capacity.rpartition('/')[2].upper()}={amount}"
            for capacity, amount in sorted(assigned.consumed_capacity.items())
        ]
        return Success(ContainerEdits(env=tuple(env)))

    def _whole(self, node_name: str, index: int) -> Device:
        return self._device(f"gpu-{index}", self._attributes(node_name, index), MEMORY_GI, COMPUTE)

    def _parts(self, node_name: str, index: int) -> list[Device]:
        partitionable = DeviceAttribute(bool_value=True)
        parts = [
            self._device(
                f"gpu-{index}-partition-{part}",
                {
                    **self._attributes(node_name, index),
                    "partition": DeviceAttribute(int_value=part),
                    "partitionable": partitionable,
                },
                MEMORY_GI // self.partitions,
                COMPUTE // self.partitions,
                index,
            )
            for part in range(self.partitions)
        ]
        full = self._device(
            f"gpu-{index}-full",
            {
                **self._attributes(node_name, index),
                "full": DeviceAttribute(bool_value=True),
                "partitionable": partitionable,
            },
            MEMORY_GI,
            COMPUTE,
            index,
        )
        return [*parts, full]

    def _attributes(self, node_name: str, index: int) -> dict[str, DeviceAttribute]:
        return {
            "index": DeviceAttribute(int_value=index),
            "uuid": DeviceAttribute(string_value=stable_uuid(self.uuid_prefix, f"{node_name}/{index}")),
            "model": DeviceAttribute(string_value=MODEL),
            "driverVersion": DeviceAttribute(version_value=DRIVER_VERSION),
        }

    def _device(
        self,
        name: str,
        attributes: Mapping[str, DeviceAttribute],
        memory_gi: int,
        compute: int,
        drawn_from: int | None = None,
    ) -> Device:
        """A device; with ``drawn_from`` it takes its capacity from that GPU's counters."""
        consumption = DeviceCounterConsumption(
            counter_set=_counter_set_name(drawn_from or 0), counters=_counters(memory_gi, compute)
        )
        return Device(
            name=name,
            attributes=attributes,
            capacity={
                "memory": self._capacity(f"{memory_gi}Gi", "1Gi"),
                "compute": self._capacity(str(compute), "1"),
            },
            consumes_counters=() if drawn_from is None else (consumption,),
            allow_multiple_allocations=True if self.multiple_allocations else None,
            binding_conditions=("BindingConditions",) if self.binding_conditions else (),
            binding_failure_conditions=("BindingFailureConditions",) if self.binding_conditions else (),
        )

    def _capacity(self, value: str, step: str) -> DeviceCapacity:
        """A capacity; where it can be shared, from one step up to all of it, and all of it if nothing is asked."""
        if not self.multiple_allocations:
            return DeviceCapacity(value=value)
        steps = CapacityRequestPolicyRange(min=step, max=value, step=step)
        return DeviceCapacity(value=value, request_policy=CapacityRequestPolicy(default=value, valid_range=steps))


def _counter_set_name(index: int) -> str:
    return f"gpu-{index}-counters"


def _counter_set(index: int) -> CounterSet:
    return CounterSet(name=_counter_set_name(index), counters=_counters(MEMORY_GI, COMPUTE))


def _counters(memory_gi: int, compute: int) -> dict[str, Counter]:
    return {"memory": Counter(value=f"{memory_gi}Gi"), "compute": Counter(value=str(compute))}


def strategy_variables(strategy: SharingStrategy) -> tuple[tuple[str, str], ...]:
    """What a container is told of the strategy: ends of names, and values."""
    match strategy:
        case TimeSlicing(interval=interval):
            return (("SHARING_STRATEGY", "TimeSlicing"), ("TIMESLICE_INTERVAL", interval))
        case SpacePartitioning(partition_count=count):
            return (("SHARING_STRATEGY", "SpacePartitioning"), ("PARTITION_COUNT", str(count)))
