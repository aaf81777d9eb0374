"""Mock GPUs: the profile of Kubernetes' example driver, as pure enumeration."""

from __future__ import annotations

import msgspec
from returns.result import Result

from dra_core.profiles.profile import Configure
from dra_core.profiles.resources import DevicePool
from dra_core.refusal import Refusals
from dra_core.snapshot.json_value import Json


class GpuProfile(msgspec.Struct, frozen=True, kw_only=True):
    """GPUs ``gpu-0`` to ``gpu-<count - 1>`` in one pool named after the node.

    Attributes:
        count: How many GPUs.
        partitions: How many partitions each GPU can be cut into; 0: GPUs are whole.
        multiple_allocations: Several claims may have a share of the same GPU.
        binding_conditions: Pods wait until a controller has reported the GPU ready.
    """

    count: int = 8
    partitions: int = 0
    multiple_allocations: bool = False
    binding_conditions: bool = False

    @property
    def name(self) -> str:
        """The CDI class."""
        return "gpu"

    @property
    def health_check_timeout_seconds(self) -> int:
        """The kubelet's own default."""
        return 30

    def enumerate(self, node_name: str) -> tuple[DevicePool, ...]:
        """The node's pool."""
        raise NotImplementedError

    def environment_key(self, device: str) -> str:
        """``gpu-3`` → ``GPU_DEVICE_3``, ``gpu-0-partition-1`` → ``GPU_DEVICE_0_PARTITION_1``."""
        raise NotImplementedError

    def default_configuration(self) -> Configure:
        """TimeSlicing with the interval Default."""
        raise NotImplementedError

    def read_configuration(self, parameters: Json) -> Result[Configure, Refusals]:
        """``GpuConfig`` of ``gpu.resource.example.com/v1alpha1``."""
        raise NotImplementedError
