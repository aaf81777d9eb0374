"""``GpuConfig`` of ``gpu.resource.example.com/v1alpha1``: the opaque parameters of the profile ``gpu``.

    apiVersion: gpu.resource.example.com/v1alpha1
    kind: GpuConfig
    sharing:                       # left out: TimeSlicing
      strategy: TimeSlicing        # or SpacePartitioning
      timeSlicingConfig:           # only with TimeSlicing
        interval: Long             # Default (if left out), Short, Medium, Long
      spacePartitioningConfig:     # only with SpacePartitioning
        partitionCount: 10         # 1 if left out

Reading is strict: an unknown field is a fault, also one that differs from a known one in capitals only (Go would take
both for the same). What comes out holds no invalid state, so nothing is left to validate later.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from returns.result import Failure, Result, Success

from dra_core.refusal import Fault, Refusal, Refusals
from dra_core.sharing.strategy import Interval, SharingStrategy, SpacePartitioning, TimeSlicing
from dra_core.snapshot.api_record import ApiRecord
from dra_core.snapshot.codec import decode
from dra_core.snapshot.first_use import make_ready
from dra_core.snapshot.json_value import Json, at, text_at

GPU_CONFIG_API_VERSION = "gpu.resource.example.com/v1alpha1"
GPU_CONFIG_KIND = "GpuConfig"

_BLOCK_OF = {"TimeSlicing": "timeSlicingConfig", "SpacePartitioning": "spacePartitioningConfig"}
"""The block that configures each strategy; the other one has no meaning and is refused."""


class TimeSlicingConfig(ApiRecord, frozen=True, kw_only=True):
    """Parameters of TimeSlicing."""

    interval: Interval | None = None


class SpacePartitioningConfig(ApiRecord, frozen=True, kw_only=True):
    """Parameters of SpacePartitioning."""

    partition_count: int | None = None


class GpuSharing(ApiRecord, frozen=True, kw_only=True):
    """A strategy and its parameters."""

    strategy: Literal["TimeSlicing", "SpacePartitioning"]
    time_slicing_config: TimeSlicingConfig | None = None
    space_partitioning_config: SpacePartitioningConfig | None = None


class GpuConfig(ApiRecord, frozen=True, kw_only=True):
    """The object as written by a user."""

    api_version: Literal["gpu.resource.example.com/v1alpha1"] = msgspec.field(name="apiVersion")
    kind: Literal["GpuConfig"]
    sharing: GpuSharing | None = None


make_ready(GpuConfig)


def read_gpu_config(parameters: Json) -> Result[SharingStrategy, Refusals]:
    """The strategy that the parameters ask for, defaults filled in; or all their faults, with paths."""
    faults = _faults_of_meaning(parameters)
    match decode(GpuConfig, parameters):
        case Success(GpuConfig() as config) if not faults:
            return Success(_normalised(config))
        case Failure(decoding):
            wrong: Refusals = decoding
            return Failure(tuple(_in_domain_words(fault) for fault in wrong) + faults)
        case _:
            return Failure(faults)


def _normalised(config: GpuConfig) -> SharingStrategy:
    sharing = config.sharing
    if sharing is None:
        return TimeSlicing()
    if sharing.strategy == "TimeSlicing":
        slicing = sharing.time_slicing_config
        return TimeSlicing(slicing.interval or "Default") if slicing else TimeSlicing()
    partitioning = sharing.space_partitioning_config
    if partitioning is None or partitioning.partition_count is None:
        return SpacePartitioning()
    return SpacePartitioning(partitioning.partition_count)


def _faults_of_meaning(parameters: Json) -> Refusals:
    """Faults that types do not show; looked for in the raw value, so that one wrong type hides no other fault."""
    faults: list[Refusal] = []
    count = at(parameters, "sharing", "spacePartitioningConfig", "partitionCount")
    if isinstance(count, int) and not isinstance(count, bool) and count < 1:
        faults.append(
            Refusal(
                code="InvalidPartitionCount",
                fault=Fault.USER,
                path="sharing.spacePartitioningConfig.partitionCount",
                seen=f"invalid partition count {count}",
                hint="use 1 or more",
            )
        )
    strategy = text_at(parameters, "sharing", "strategy")
    for owner, block in _BLOCK_OF.items():
        if strategy in _BLOCK_OF and strategy != owner and at(parameters, "sharing", block) is not None:
            faults.append(
                Refusal(
                    code="ConfigOfOtherStrategy",
                    fault=Fault.USER,
                    path=f"sharing.{block}",
                    seen=f"the strategy is {strategy}, to which {block} means nothing",
                    hint=f"leave it out, or set the strategy to {owner}",
                )
            )
    return tuple(faults)


def _in_domain_words(fault: Refusal) -> Refusal:
    """The codec's refusals of values, in the words of this configuration."""
    what = {
        "sharing.strategy": ("UnknownStrategy", "unknown GPU sharing strategy"),
        "sharing.timeSlicingConfig.interval": ("UnknownInterval", "unknown time-slice interval"),
    }.get(fault.path)
    if what is None or fault.code != "NotAllowed":
        return fault
    code, words = what
    return msgspec.structs.replace(fault, code=code, seen=f"{words}: {fault.seen}")
