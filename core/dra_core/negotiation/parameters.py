"""What claims and classes of the driver may ask for: GpuClaimParameters and DeviceClassParameters.

    apiVersion: gpu.resource.example.com/v1alpha1
    kind: GpuClaimParameters
    spec:
      count: 4                                   # 1 if left out
      selector: device.attributes[…].index < 4   # CEL over the device, as in resource.k8s.io/v1
      sharing: {strategy: TimeSlicing, …}        # as in GpuConfig; left out: what the class says

    apiVersion: gpu.resource.example.com/v1alpha1
    kind: DeviceClassParameters
    spec:
      deviceSelector: [{type: gpu, name: "*"}]   # any of these; the name is the product's, * and ? stand for others
      selector: …
      sharing: …

Reading is strict, and an object that is read holds nothing that cannot be done.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from returns.result import Failure, Result, Success

from dra_core.refusal import Fault, Refusal, Refusals
from dra_core.sharing.gpu_config import GPU_CONFIG_API_VERSION, GPU_CONFIG_KIND, GpuConfig, read_gpu_config
from dra_core.sharing.strategy import SharingStrategy
from dra_core.snapshot.api_record import ApiRecord
from dra_core.snapshot.codec import decode
from dra_core.snapshot.first_use import make_ready
from dra_core.snapshot.json_value import Json, JsonObject
from dra_core.snapshot.metadata import ObjectMeta

PARAMETERS_GROUP = "gpu.resource.example.com"
CLAIM_PARAMETERS_KIND = "GpuClaimParameters"
CLASS_PARAMETERS_KIND = "DeviceClassParameters"

MOST_GPUS = 32
"""AllocationResultsMaxSize of resource.k8s.io/v1: no claim has more devices in either generation."""


class GpuClaimParametersSpec(ApiRecord, frozen=True, kw_only=True):
    """How many GPUs, which, and how they are shared."""

    count: int = 1
    selector: str | None = None
    sharing: JsonObject | None = None


class GpuClaimParameters(ApiRecord, frozen=True, kw_only=True):
    """What a claim asks for."""

    api_version: Literal["gpu.resource.example.com/v1alpha1"] = "gpu.resource.example.com/v1alpha1"
    kind: Literal["GpuClaimParameters"] = "GpuClaimParameters"
    metadata: ObjectMeta = ObjectMeta()
    spec: GpuClaimParametersSpec = GpuClaimParametersSpec()


class DeviceSelection(ApiRecord, frozen=True, kw_only=True):
    """Devices of a type, by the name of the product; ``*`` stands for any text, ``?`` for any character."""

    type: Literal["gpu"]
    name: str


class DeviceClassParametersSpec(ApiRecord, frozen=True, kw_only=True):
    """What holds for all claims of a class."""

    device_selector: tuple[DeviceSelection, ...] = ()
    selector: str | None = None
    sharing: JsonObject | None = None


class DeviceClassParameters(ApiRecord, frozen=True, kw_only=True):
    """What a class asks for."""

    api_version: Literal["gpu.resource.example.com/v1alpha1"] = "gpu.resource.example.com/v1alpha1"
    kind: Literal["DeviceClassParameters"] = "DeviceClassParameters"
    metadata: ObjectMeta = ObjectMeta()
    spec: DeviceClassParametersSpec = DeviceClassParametersSpec()


make_ready(GpuClaimParameters, DeviceClassParameters, GpuConfig)


class ClaimWishes(msgspec.Struct, frozen=True, kw_only=True):
    """GpuClaimParameters, read. ``sharing`` None: as the class says."""

    count: int = 1
    selector: str | None = None
    sharing: SharingStrategy | None = None


class ClassWishes(msgspec.Struct, frozen=True, kw_only=True):
    """DeviceClassParameters, read. No products: all. ``sharing`` None: the driver's default."""

    products: tuple[str, ...] = ()
    selector: str | None = None
    sharing: SharingStrategy | None = None


def read_claim_parameters(value: Json) -> Result[ClaimWishes, Refusals]:
    """GpuClaimParameters, or everything that is wrong with them."""
    decoded = decode(GpuClaimParameters, value)
    if isinstance(decoded, Failure):
        wrong: Refusals = decoded.failure()
        return Failure(wrong)
    spec = decoded.unwrap().spec
    faults: list[Refusal] = []
    if not 1 <= spec.count <= MOST_GPUS:
        faults.append(
            Refusal(
                code="InvalidCount",
                fault=Fault.USER,
                path="spec.count",
                seen=f"invalid number of GPUs: {spec.count}",
                hint=f"use 1 to {MOST_GPUS}",
            )
        )
    sharing = _sharing(spec.sharing, faults)
    if faults:
        return Failure(tuple(faults))
    return Success(ClaimWishes(count=spec.count, selector=spec.selector, sharing=sharing))


def read_class_parameters(value: Json) -> Result[ClassWishes, Refusals]:
    """DeviceClassParameters, or everything that is wrong with them; whose fault it is: the administrator's."""
    decoded = decode(DeviceClassParameters, value)
    if isinstance(decoded, Failure):
        wrong: Refusals = decoded.failure()
        return Failure(_by_administrator(wrong))
    spec = decoded.unwrap().spec
    faults: list[Refusal] = []
    sharing = _sharing(spec.sharing, faults)
    if faults:
        return Failure(_by_administrator(tuple(faults)))
    names = tuple(each.name for each in spec.device_selector)
    return Success(ClassWishes(products=() if "*" in names else names, selector=spec.selector, sharing=sharing))


def _sharing(written: JsonObject | None, faults: list[Refusal]) -> SharingStrategy | None:
    """The strategy that is written; what is wrong with it goes to ``faults``."""
    if written is None:
        return None
    config: JsonObject = {"apiVersion": GPU_CONFIG_API_VERSION, "kind": GPU_CONFIG_KIND, "sharing": written}
    read = read_gpu_config(config)
    if isinstance(read, Failure):
        wrong: Refusals = read.failure()
        faults += [fault.below("spec") for fault in wrong]
        return None
    strategy: SharingStrategy = read.unwrap()
    return strategy


def _by_administrator(faults: Refusals) -> Refusals:
    return tuple(msgspec.structs.replace(fault, fault=Fault.ADMINISTRATOR) for fault in faults)
