"""GpuClaimParameters and DeviceClassParameters: what they mean, and every way in which they are refused."""

from __future__ import annotations

import pytest
from dra_core.negotiation.parameters import (
    MOST_GPUS,
    ClaimWishes,
    ClassWishes,
    read_claim_parameters,
    read_class_parameters,
)
from dra_core.refusal import Fault, Refusals
from dra_core.sharing.strategy import SpacePartitioning, TimeSlicing
from dra_core.snapshot.json_value import Json
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure, Result

GROUP = "gpu.resource.example.com/v1alpha1"
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def of_claim(spec: Json) -> Result[ClaimWishes, Refusals]:
    return read_claim_parameters({"apiVersion": GROUP, "kind": "GpuClaimParameters", "spec": spec})


def of_class(spec: Json) -> Result[ClassWishes, Refusals]:
    return read_class_parameters({"apiVersion": GROUP, "kind": "DeviceClassParameters", "spec": spec})


def test_what_is_left_out_has_a_default() -> None:
    assert of_claim({}).unwrap() == ClaimWishes(count=1, selector=None, sharing=None)
    assert of_class({}).unwrap() == ClassWishes()


def test_sharing_is_read_as_in_a_gpu_config() -> None:
    slicing: Json = {"strategy": "TimeSlicing", "timeSlicingConfig": {"interval": "Long"}}
    assert of_claim({"sharing": slicing}).unwrap().sharing == TimeSlicing("Long")
    assert of_class({"sharing": {"strategy": "SpacePartitioning"}}).unwrap().sharing == SpacePartitioning(1)


def test_a_class_of_all_products_names_none() -> None:
    every: Json = [{"type": "gpu", "name": "A*"}, {"type": "gpu", "name": "*"}]
    assert of_class({"deviceSelector": every}).unwrap().products == ()
    assert of_class({"deviceSelector": every[:1] if isinstance(every, list) else ()}).unwrap().products == ("A*",)


@pytest.mark.parametrize(
    ("spec", "code", "path"),
    [
        ({"count": 0}, "InvalidCount", "spec.count"),
        ({"count": -3}, "InvalidCount", "spec.count"),
        ({"count": MOST_GPUS + 1}, "InvalidCount", "spec.count"),
        ({"count": 10_000}, "InvalidCount", "spec.count"),
        ({"count": "two"}, "WrongType", "spec.count"),
        ({"cuont": 2}, "UnknownField", "spec.cuont"),
        ({"selector": 7}, "WrongType", "spec.selector"),
        ({"sharing": {"strategy": "Magic"}}, "UnknownStrategy", "spec.sharing.strategy"),
        (
            {"sharing": {"strategy": "TimeSlicing", "spacePartitioningConfig": {}}},
            "ConfigOfOtherStrategy",
            "spec.sharing.spacePartitioningConfig",
        ),
    ],
)
def test_nonsense_is_refused_with_its_place(spec: Json, code: str, path: str) -> None:
    (refusal,) = of_claim(spec).failure()
    assert (refusal.code, refusal.path, refusal.fault) == (code, path, Fault.USER)


def test_all_faults_come_at_once() -> None:
    refusals = of_claim({"count": 0, "sharing": {"strategy": "Magic"}}).failure()
    assert {refusal.path for refusal in refusals} == {"spec.count", "spec.sharing.strategy"}


def test_faults_of_a_class_are_the_administrators() -> None:
    (refusal,) = of_class({"deviceSelector": [{"type": "fpga", "name": "*"}]}).failure()
    assert (refusal.fault, refusal.path) == (Fault.ADMINISTRATOR, "spec.deviceSelector[0].type")


@given(json_values)
def test_whatever_comes_is_read_or_refused(value: Json) -> None:
    for read in (read_claim_parameters(value), read_class_parameters(value), of_claim(value), of_class(value)):
        assert not isinstance(read, Failure) or read.failure()
