"""NodeAllocationState of nas.gpu.resource.example.com/v1alpha1: one object for each node, in the driver's namespace.

The kubelet plugin writes which devices there are, which claims are prepared, and whether it is ready; the controller
writes which claims have which devices. Each writes its own fields only, and only over the version that it has read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from dra_core.snapshot.api_record import ApiRecord
from dra_core.snapshot.classic_claim import version_of
from dra_core.snapshot.json_value import JsonObject
from dra_core.snapshot.metadata import ObjectMeta

NODE_STATE_API_VERSION = "nas.gpu.resource.example.com/v1alpha1"


class AllocatableGpu(ApiRecord, frozen=True, kw_only=True):
    """A GPU of the node. Amounts are quantities; health left out is Healthy."""

    uuid: str
    product_name: str
    index: int | None = None
    driver_version: str | None = None
    memory: str | None = None
    compute: str | None = None
    health: Literal["Healthy", "Unhealthy"] | None = None


class AllocatableDevice(ApiRecord, frozen=True, kw_only=True):
    """A device of exactly one type; GPUs are the only type there is."""

    gpu: AllocatableGpu


class AllocatedGpu(ApiRecord, frozen=True, kw_only=True):
    """A GPU that a claim has."""

    uuid: str


class AllocatedGpus(ApiRecord, frozen=True, kw_only=True):
    """What a claim has, and how its consumers share it (``sharing`` of GpuConfig, defaults filled in)."""

    devices: tuple[AllocatedGpu, ...]
    sharing: JsonObject | None = None


class ClaimOfEntry(ApiRecord, frozen=True, kw_only=True):
    """Which claim an entry belongs to.

    Attributes:
        namespace: Of the claim.
        name: Of the claim.
        version: The claim's resourceVersion over which the allocation is, or is to be, written (``nodestate.is_dead``).
    """

    namespace: str
    name: str
    version: str = ""


class AllocatedClaim(ApiRecord, frozen=True, kw_only=True):
    """A claim's devices."""

    gpu: AllocatedGpus
    claim: ClaimOfEntry | None = None

    @property
    def version(self) -> int:
        """The claim's version over which the allocation is written; 0 where an older controller wrote none."""
        return version_of(self.claim.version) if self.claim is not None else 0


class PreparedGpu(ApiRecord, frozen=True, kw_only=True):
    """A GPU that is prepared."""

    uuid: str


class PreparedGpus(ApiRecord, frozen=True, kw_only=True):
    """What of a claim is prepared."""

    devices: tuple[PreparedGpu, ...]


class PreparedClaimEntry(ApiRecord, frozen=True, kw_only=True):
    """A claim that is ready for containers."""

    gpu: PreparedGpus


class NodeAllocationStateSpec(ApiRecord, frozen=True, kw_only=True):
    """Devices, claims by UID, and ``counts`` of devices for people (``modern_node_state.Counts``)."""

    allocatable_devices: tuple[AllocatableDevice, ...] = ()
    allocated_claims: Mapping[str, AllocatedClaim] = {}
    prepared_claims: Mapping[str, PreparedClaimEntry] = {}
    counts: JsonObject = {}


class NodeAllocationState(ApiRecord, frozen=True, kw_only=True):
    """A node's devices and claims. ``status`` is a text at the top, as it always was."""

    api_version: str = NODE_STATE_API_VERSION
    kind: str = "NodeAllocationState"
    metadata: ObjectMeta = ObjectMeta()
    spec: NodeAllocationStateSpec = NodeAllocationStateSpec()
    status: Literal["Ready", "NotReady"] = "NotReady"
