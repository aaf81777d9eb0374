"""Mock NUMA nodes whose CPUs are handed out: a device that stands for a resource of the node.

A share of a device counts against the node's ``cpu`` as the pod's requests do (gate DRANodeAllocatableResources,
Kubernetes 1.37). A server without the gate drops the mapping, and the rest works all the same.
"""

from __future__ import annotations

import msgspec
from returns.result import Failure, Result, Success

from dra_core.cdi.container_edits import ContainerEdits
from dra_core.profiles.profile import AssignedDevice, Configure
from dra_core.profiles.resources import DevicePool
from dra_core.refusal import Fault, Refusal, Refusals
from dra_core.snapshot.device import (
    CapacityRequestPolicy,
    CapacityRequestPolicyRange,
    Device,
    DeviceAttribute,
    DeviceCapacity,
    NodeAllocatableMapping,
    NodeAllocatableResource,
)
from dra_core.snapshot.json_value import Json

CPUS = 16
"""Of each NUMA node."""


class CpuProfile(msgspec.Struct, frozen=True, kw_only=True):
    """NUMA nodes ``numa-0`` to ``numa-<count - 1>`` in one pool named after the node, 16 CPUs each."""

    count: int = 2

    @property
    def name(self) -> str:
        """The CDI class."""
        return "cpu"

    @property
    def health_check_timeout_seconds(self) -> int:
        """The kubelet's own default."""
        return 30

    def enumerate(self, node_name: str) -> tuple[DevicePool, ...]:
        """The node's pool, by number."""
        cpus = DeviceCapacity(
            value=str(CPUS),
            request_policy=CapacityRequestPolicy(
                default="1", valid_range=CapacityRequestPolicyRange(min="1", max=str(CPUS), step="1")
            ),
        )
        devices = tuple(
            Device(
                name=f"numa-{number}",
                attributes={"numaNodeID": DeviceAttribute(int_value=number)},
                capacity={"cpu": cpus},
                allow_multiple_allocations=True,
                node_allocatable_resources={
                    "cpu": NodeAllocatableResource(mapping=NodeAllocatableMapping(capacity_key="cpu"))
                },
            )
            for number in range(self.count)
        )
        return (DevicePool(name=node_name, devices=devices),)

    def environment_key(self, device: str) -> str:
        """``numa-1`` → ``CPU_DEVICE_1``."""
        return f"CPU_DEVICE_{device.removeprefix('numa-')}"

    def default_configuration(self) -> Configure:
        """There is nothing to configure."""
        return self._edits

    def read_configuration(self, parameters: Json) -> Result[Configure, Refusals]:  # noqa: ARG002  the interface has it
        """Refuses all parameters."""
        seen = "CPUs take no parameters"
        return Failure((Refusal(code="NoParameters", fault=Fault.USER, seen=seen, hint="leave the configuration out"),))

    def _edits(self, assigned: AssignedDevice) -> Result[ContainerEdits, Refusals]:
        key = self.environment_key(assigned.device.name)
        consumed = [
            f"{key}_CONSUMED_CPU={amount}"
            for name, amount in assigned.consumed_capacity.items()
            if name.rpartition("/")[2] == "cpu"
        ]
        return Success(ContainerEdits(env=(f"{key}={assigned.device.name}", *consumed)))
