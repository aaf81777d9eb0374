"""Who has to be looked at again after a change: itself, all who wait for what it may have given, or nobody."""

from __future__ import annotations

import pytest
from dra_core.allocation.cel_language import CelLanguage
from dra_core.allocation.selectors import Questions
from dra_core.negotiation import ClassicCluster, Concerned, Kind, concerned, forgetting, knowing, knowing_all, name_of
from dra_core.snapshot.json_value import JsonObject, at

from tests.property.negotiation.classic_api import ClassicApi
from tests.property.negotiation.cluster_side import DRIVER, NAMESPACE, ClusterSide
from tests.property.negotiation.controller_side import Controller

EMPTY = ClassicCluster(driver_name="d", questions=Questions(CelLanguage()))


def an_object(kind: Kind) -> JsonObject:
    api = ClassicApi()
    side = ClusterSide(api)
    side.node_comes("node")
    side.create_parameters("one", {"count": 1})
    side.create_pod("pod", [""])
    side.schedule("pod")
    api.create("DeviceClassParameters", {"apiVersion": "gpu.resource.example.com/v1alpha1", "metadata": {"name": "c"}})
    return api.all_of(kind)[0]


@pytest.mark.parametrize(
    ("kind", "itself", "those_who_wait"),
    [
        ("ResourceClaim", True, True),  # another claim may have given its devices back
        ("PodSchedulingContext", True, False),
        ("Pod", False, False),
        ("NodeAllocationState", False, True),  # devices are free again, or the plugin is ready
        ("Node", False, True),
        ("ResourceClass", False, True),
        ("GpuClaimParameters", False, True),
        ("DeviceClassParameters", False, True),
    ],
)
def test_a_change_concerns(kind: Kind, itself: bool, those_who_wait: bool) -> None:
    value = an_object(kind)
    name = name_of(kind, value)
    after = knowing(EMPTY, kind, value)
    for found in (concerned(EMPTY, after, kind, name), concerned(after, forgetting(after, kind, name), kind, name)):
        assert (bool(found.subjects), found.those_who_wait) == (itself, those_who_wait)
        assert all(subject == (kind, name) for subject in found.subjects)


def test_news_that_change_nothing_concern_nobody() -> None:
    value = an_object("ResourceClaim")
    known = knowing(EMPTY, "ResourceClaim", value)
    again = knowing(known, "ResourceClaim", value)
    assert concerned(known, again, "ResourceClaim", name_of("ResourceClaim", value)) == Concerned()


def test_claims_that_have_lost_their_entry_are_concerned_by_a_state_that_was_made_anew() -> None:
    api = ClassicApi()
    side = ClusterSide(api)
    side.node_comes("node-a")
    side.create_claim("now", mode="Immediate")
    Controller(api).sync_all()
    known = knowing_all(ClassicCluster(driver_name=DRIVER, questions=EMPTY.questions), "Node", api.all_of("Node"))
    known = knowing_all(known, "ResourceClaim", api.all_of("ResourceClaim"))
    (state,) = api.all_of("NodeAllocationState")
    anew: JsonObject = {**state, "spec": {"allocatableDevices": at(state, "spec", "allocatableDevices")}}
    for value, lost in ((state, ()), (anew, (("ResourceClaim", (NAMESPACE, "now")),))):
        after = knowing(known, "NodeAllocationState", value)
        assert concerned(known, after, "NodeAllocationState", ("", "node-a")).subjects == lost
