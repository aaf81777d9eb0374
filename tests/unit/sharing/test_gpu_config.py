"""GpuConfig: what may be written, what it means, and how faults are told."""

from __future__ import annotations

import pytest
from dra_core.refusal import sentences
from dra_core.sharing import SharingStrategy, SpacePartitioning, TimeSlicing, read_gpu_config
from dra_core.snapshot.json_value import Json, JsonObject

HEAD: JsonObject = {"apiVersion": "gpu.resource.example.com/v1alpha1", "kind": "GpuConfig"}


@pytest.mark.parametrize(
    ("sharing", "meaning"),
    [
        ({}, TimeSlicing("Default")),
        ({"sharing": None}, TimeSlicing("Default")),
        ({"sharing": {"strategy": "TimeSlicing"}}, TimeSlicing("Default")),
        ({"sharing": {"strategy": "TimeSlicing", "timeSlicingConfig": {}}}, TimeSlicing("Default")),
        ({"sharing": {"strategy": "TimeSlicing", "timeSlicingConfig": {"interval": "Short"}}}, TimeSlicing("Short")),
        ({"sharing": {"strategy": "TimeSlicing", "timeSlicingConfig": {"interval": "Medium"}}}, TimeSlicing("Medium")),
        ({"sharing": {"strategy": "TimeSlicing", "timeSlicingConfig": {"interval": "Long"}}}, TimeSlicing("Long")),
        ({"sharing": {"strategy": "SpacePartitioning"}}, SpacePartitioning(1)),
        ({"sharing": {"strategy": "SpacePartitioning", "spacePartitioningConfig": {}}}, SpacePartitioning(1)),
        (
            {"sharing": {"strategy": "SpacePartitioning", "spacePartitioningConfig": {"partitionCount": 10}}},
            SpacePartitioning(10),
        ),
    ],
)
def test_what_is_left_out_has_a_default(sharing: JsonObject, meaning: SharingStrategy) -> None:
    assert read_gpu_config({**HEAD, **sharing}).unwrap() == meaning


@pytest.mark.parametrize(
    ("parameters", "faults"),
    [
        (None, [("", "WrongType")]),
        ("text", [("", "WrongType")]),
        ({}, [("apiVersion", "Required"), ("kind", "Required")]),
        ({**HEAD, "kind": "NetConfig"}, [("kind", "NotAllowed")]),
        ({**HEAD, "apiVersion": "gpu.resource.example.com/v1"}, [("apiVersion", "NotAllowed")]),
        ({**HEAD, "sharing": {}}, [("sharing.strategy", "Required")]),
        ({**HEAD, "sharing": {"strategy": "Magic"}}, [("sharing.strategy", "UnknownStrategy")]),
        ({**HEAD, "sharing": {"strategy": ["Magic"]}}, [("sharing.strategy", "UnknownStrategy")]),
        ({**HEAD, "sharing": {"strategy": {}}}, [("sharing.strategy", "UnknownStrategy")]),
        ({**HEAD, "Sharing": {}}, [("Sharing", "UnknownField")]),
        (
            {**HEAD, "sharing": {"strategy": "TimeSlicing", "timeSlicingConfig": {"interval": "Often"}}},
            [("sharing.timeSlicingConfig.interval", "UnknownInterval")],
        ),
        (
            {**HEAD, "sharing": {"strategy": "SpacePartitioning", "spacePartitioningConfig": {"partitionCount": 0}}},
            [("sharing.spacePartitioningConfig.partitionCount", "InvalidPartitionCount")],
        ),
        (
            {**HEAD, "sharing": {"strategy": "SpacePartitioning", "spacePartitioningConfig": {"partitionCount": True}}},
            [("sharing.spacePartitioningConfig.partitionCount", "WrongType")],
        ),
        (
            {**HEAD, "sharing": {"strategy": "TimeSlicing", "spacePartitioningConfig": {"partitionCount": 2}}},
            [("sharing.spacePartitioningConfig", "ConfigOfOtherStrategy")],
        ),
        (
            {**HEAD, "sharing": {"strategy": "SpacePartitioning", "timeSlicingConfig": {}}},
            [("sharing.timeSlicingConfig", "ConfigOfOtherStrategy")],
        ),
    ],
)
def test_every_fault_has_its_place(parameters: Json, faults: list[tuple[str, str]]) -> None:
    assert [(each.path, each.code) for each in read_gpu_config(parameters).failure()] == faults


def test_all_faults_come_at_once() -> None:
    """Whatever their kind: one that types show hides none that only the meaning shows."""
    parameters: JsonObject = {
        **HEAD,
        "colour": "red",
        "sharing": {
            "strategy": "TimeSlicing",
            "timeSlicingConfig": {"interval": 3},
            "spacePartitioningConfig": {"partitionCount": -1},
        },
    }
    assert {each.path for each in read_gpu_config(parameters).failure()} == {
        "colour",
        "sharing.timeSlicingConfig.interval",
        "sharing.spacePartitioningConfig.partitionCount",
        "sharing.spacePartitioningConfig",
    }


def test_the_words_are_those_of_gpus() -> None:
    parameters: JsonObject = {
        **HEAD,
        "sharing": {"strategy": "TimeSlicing", "timeSlicingConfig": {"interval": "Often"}},
    }
    assert "unknown time-slice interval" in sentences(read_gpu_config(parameters).failure())
    assert "unknown GPU sharing strategy" in sentences(
        read_gpu_config({**HEAD, "sharing": {"strategy": "Magic"}}).failure()
    )
