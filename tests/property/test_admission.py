"""Laws of admission: what is admitted is what can be prepared, and no body is too strange for an answer."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from dra_core.admission import respond
from dra_core.preparation import ClaimFound, ClaimReference, DriverOnNode, prepare, read_checkpoint
from dra_core.profiles import GpuProfile, Profile
from dra_core.profiles.cpu import CpuProfile
from dra_core.profiles.net import NetProfile
from dra_core.snapshot.json_value import Json, JsonObject, at
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Success

from tests.property import claims
from tests.unit.admission.reviews import DRIVER, KINDS, opaque, review, text

PROFILES: Mapping[str, Profile] = {
    "gpu": GpuProfile(count=1),
    "net": NetProfile(count=1),
    "cpu": CpuProfile(count=1),
}
DEVICES = {"gpu": "gpu-0", "net": "nic-0", "cpu": "numa-0"}

scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
values: st.SearchStrategy[Json] = st.recursive(
    scalars | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
sharing = st.fixed_dictionaries(
    {"strategy": st.sampled_from(["TimeSlicing", "SpacePartitioning", "Magic"]) | values},
    optional={
        "timeSlicingConfig": st.fixed_dictionaries({}, optional={"interval": st.sampled_from(["Long", "No"]) | values}),
        "spacePartitioningConfig": st.fixed_dictionaries({}, optional={"partitionCount": st.integers(-1, 3) | values}),
    },
)
gpu_like = st.fixed_dictionaries(
    {"apiVersion": st.just("gpu.resource.example.com/v1alpha1"), "kind": st.just("GpuConfig")},
    optional={"sharing": sharing | values, "colour": values},
)
bursts = st.sampled_from(["1M", "1T", "-1", "x"]) | values
net_like = st.fixed_dictionaries(
    {"apiVersion": st.just("net.resource.example.com/v1alpha1"), "kind": st.just("NetConfig")},
    optional={"bwBurst": st.fixed_dictionaries({}, optional={"ingressBurst": bursts, "egressBurst": bursts}) | values},
)
parameters: st.SearchStrategy[Json] = gpu_like | net_like | values


def _admitted(profile: Profile, value: Json, resource: str) -> bool:
    return respond(DRIVER, profile, text(review([opaque(value)], resource))).unwrap().verdict.allowed


def _prepared(profile: Profile, device: str, value: Json) -> bool:
    """By the plugin, on a node where nothing else can be wrong."""
    pools = profile.enumerate(claims.NODE)
    driver = DriverOnNode(driver_name=DRIVER, node_name=claims.NODE, profile=profile, pools=pools)
    found = claims.claim("1", [claims.result(device)], [claims.config(value)])
    asked = ClaimReference(uid="1", namespace="default", name="claim")
    decision = prepare(driver, read_checkpoint(None), (), [asked], {"1": ClaimFound(found)})
    return isinstance(decision.answers["1"], Success)


@pytest.mark.parametrize("name", PROFILES)
@given(value=parameters, resource=st.sampled_from(sorted(KINDS)))
def test_what_is_admitted_can_be_prepared_and_the_reverse(name: str, value: Json, resource: str) -> None:
    profile = PROFILES[name]
    assert _admitted(profile, value, resource) == _prepared(profile, DEVICES[name], value)


@given(st.binary() | values.map(lambda value: json.dumps(value).encode()))
def test_no_body_makes_it_raise(body: bytes) -> None:
    for profile in PROFILES.values():
        respond(DRIVER, profile, body)


@given(configs=values, more=st.dictionaries(st.sampled_from(["object", "oldObject", "resource", "operation"]), values))
def test_no_review_makes_it_raise_and_each_is_answered_under_its_uid(configs: Json, more: dict[str, Json]) -> None:
    asked: JsonObject = review([configs, opaque(configs)], old=[configs], replaced=more)
    answered = respond(DRIVER, GpuProfile(), text(asked)).unwrap()
    assert at(answered.review, "response", "uid") == "4711"
    assert isinstance(at(answered.review, "response", "allowed"), bool)
