"""ResourceClaim and ResourceClaimTemplate of resource.k8s.io/v1alpha2 (Kubernetes 1.30): classic DRA.

The claim says nothing about devices: its class names a driver, and parameters of the driver's own kinds say what is
wanted. What was given is known to the driver alone; the claim only says on which nodes it can be used.
"""

from __future__ import annotations

from typing import Literal

from dra_core.snapshot.api_record import ApiRecord
from dra_core.snapshot.json_value import JsonObject
from dra_core.snapshot.metadata import ObjectMeta
from dra_core.snapshot.node_selector import NodeSelector
from dra_core.snapshot.resource_claim import ResourceClaimConsumerReference


class ClaimParametersReference(ApiRecord, frozen=True, kw_only=True):
    """An object with parameters, in the claim's namespace."""

    api_group: str = ""
    kind: str
    name: str


class ClassicClaimSpec(ApiRecord, frozen=True, kw_only=True):
    """What is asked for; immutable.

    ``Immediate``: allocated as soon as there is room. ``WaitForFirstConsumer`` (the default): when a pod that uses the
    claim is being scheduled.
    """

    resource_class_name: str
    parameters_ref: ClaimParametersReference | None = None
    allocation_mode: Literal["WaitForFirstConsumer", "Immediate"] = "WaitForFirstConsumer"


class ResourceHandle(ApiRecord, frozen=True, kw_only=True):
    """What the driver's controller tells the driver's kubelet plugin, at most 16 KiB of its own format."""

    driver_name: str = ""
    data: str = ""
    structured_data: JsonObject | None = None


class ClassicAllocation(ApiRecord, frozen=True, kw_only=True):
    """What the claim got; never changed until it is cleared. No selector: usable on every node."""

    resource_handles: tuple[ResourceHandle, ...] = ()
    available_on_nodes: NodeSelector | None = None
    shareable: bool = False


class ClassicClaimStatus(ApiRecord, frozen=True, kw_only=True):
    """By whom the claim was allocated, for whom it is reserved, whether it is to be taken back."""

    driver_name: str = ""
    allocation: ClassicAllocation | None = None
    reserved_for: tuple[ResourceClaimConsumerReference, ...] = ()
    deallocation_requested: bool = False


class ClassicClaim(ApiRecord, frozen=True, kw_only=True):
    """A ResourceClaim."""

    api_version: str = "resource.k8s.io/v1alpha2"
    kind: str = "ResourceClaim"
    metadata: ObjectMeta = ObjectMeta()
    spec: ClassicClaimSpec
    status: ClassicClaimStatus = ClassicClaimStatus()

    @property
    def version(self) -> int:
        """``metadata.resourceVersion`` as a number; 0 where there is none.

        Versions of one kind of objects can be compared: a greater one is later (KEP-5504; etcd's revision).
        """
        return version_of(self.metadata.resource_version)

    @property
    def ending(self) -> bool:
        """Whether the allocation, if any, is to be taken back: nobody can reserve the claim any more.

        The API server adds no consumer to a claim that is being deleted or whose deallocation is requested, and that
        request stays as long as the allocation does (pkg/apis/resource/validation of 1.30).
        """
        doomed = self.metadata.deletion_timestamp is not None or self.status.deallocation_requested
        return doomed and not self.status.reserved_for


class ClassicClaimTemplateSpec(ApiRecord, frozen=True, kw_only=True):
    """Labels, annotations and spec of the claims made from the template."""

    metadata: ObjectMeta = ObjectMeta()
    spec: ClassicClaimSpec


class ClassicClaimTemplate(ApiRecord, frozen=True, kw_only=True):
    """A ResourceClaimTemplate; immutable."""

    api_version: str = "resource.k8s.io/v1alpha2"
    kind: str = "ResourceClaimTemplate"
    metadata: ObjectMeta = ObjectMeta()
    spec: ClassicClaimTemplateSpec


def version_of(resource_version: str) -> int:
    """A resourceVersion as a number; 0 for a text that is none."""
    return int(resource_version) if resource_version.isascii() and resource_version.isdecimal() else 0
