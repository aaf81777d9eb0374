"""Mock GPUs as classic drivers present them: numbered within the claim, named by their uuids.

A container sees ``GPU_DEVICE_0=GPU-…``, ``GPU_DEVICE_1=GPU-…`` for the GPUs of a claim, in the claim's order, whichever
they are; and how they are shared only if somebody has said so.
"""

from __future__ import annotations

from functools import partial

import msgspec
from returns.result import Result, Success

from dra_core.cdi.container_edits import ContainerEdits
from dra_core.profiles.gpu import GpuProfile, strategy_variables
from dra_core.profiles.profile import AssignedDevice, Configure
from dra_core.profiles.resources import DevicePool
from dra_core.refusal import Refusals
from dra_core.sharing.gpu_config import read_gpu_config
from dra_core.sharing.strategy import SharingStrategy
from dra_core.snapshot.json_value import Json


class ClassicGpuProfile(msgspec.Struct, frozen=True, kw_only=True):
    """Whole GPUs ``gpu-0`` to ``gpu-<count - 1>`` in one pool named after the node."""

    count: int = 8

    @property
    def name(self) -> str:
        """The CDI class."""
        return "gpu"

    @property
    def health_check_timeout_seconds(self) -> int:
        """The kubelet's own default; kubelets of 1.30 do not ask."""
        return 30

    def enumerate(self, node_name: str) -> tuple[DevicePool, ...]:
        """The node's pool; uuids begin with ``GPU-``."""
        return GpuProfile(count=self.count, uuid_prefix="GPU").enumerate(node_name)

    def environment_key(self, device: str) -> str:
        """``gpu-3`` → ``GPU_3``: ``GPU_DEVICE_…`` counts the GPUs of a claim, not those of the node."""
        return f"GPU_{device.removeprefix('gpu-')}"

    def default_configuration(self) -> Configure:
        """Nothing is said about sharing."""
        return partial(self._edits, None)

    def read_configuration(self, parameters: Json) -> Result[Configure, Refusals]:
        """``GpuConfig`` of ``gpu.resource.example.com/v1alpha1``."""
        return read_gpu_config(parameters).map(self._configure)

    def _configure(self, strategy: SharingStrategy) -> Configure:
        return partial(self._edits, strategy)

    def _edits(self, strategy: SharingStrategy | None, assigned: AssignedDevice) -> Result[ContainerEdits, Refusals]:
        key = f"GPU_DEVICE_{assigned.request.removeprefix('gpu-')}"
        uuid = assigned.device.attributes["uuid"].string_value
        sharing = () if strategy is None else strategy_variables(strategy)
        return Success(ContainerEdits(env=(f"{key}={uuid}", *(f"{key}_{name}={value}" for name, value in sharing))))
